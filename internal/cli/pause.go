package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/mlpsync/mlpsync/internal/app"
)

type (
	pauseCmd  struct{ sendingOrder }
	resumeCmd struct{ sendingOrder }
)

func (c pauseCmd) Run(s *session) error {
	return c.order(s, (*app.App).PauseSending, "paused: OCMW %s; a daemon takes nothing new in hand for it, and nothing is sent until \"mlpsync resume\"\n")
}

func (c resumeCmd) Run(s *session) error {
	return c.order(s, (*app.App).ResumeSending, "ordered: OCMW %s is resumed; the daemon carries it out at its next poll\n")
}

// sendingOrder is what pause and resume share.
type sendingOrder struct {
	configFlag
	OCMW   string `arg:"" optional:"" help:"KBO number of the OCMW; else all."`
	Reason string `required:"" help:"Why; kept in the audit as written: name nobody."`
}

func (c sendingOrder) order(s *session, give func(*app.App, context.Context, string, app.Actor) ([]string, error), said string) (err error) {
	a, err := s.open(c.configFlag, app.Beside)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	ordered, err := give(a, s.ctx, c.OCMW, s.actor(c.Reason))
	for _, kbo := range ordered {
		fmt.Fprintf(s.stdout, said, kbo)
	}
	return err
}
