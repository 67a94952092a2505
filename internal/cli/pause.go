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

type lookupCmd struct{ sendingOrder }

func (c lookupCmd) Run(s *session) (err error) {
	a, err := s.open(c.configFlag, app.Beside)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	ordered, err := a.LookUpAgain(s.ctx, c.OCMW, s.actor(c.Reason))
	for _, o := range ordered {
		fmt.Fprintf(s.stdout, "ordered: OCMW %s; %s looked up again in MLP, 200 at a time, before anything more is sent of them; the daemon begins at its next poll\n",
			o.OCMW, counted(o.Clients, "client is", "clients are"))
	}
	return err
}

// sendingOrder is what pause, resume and lookup share.
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
