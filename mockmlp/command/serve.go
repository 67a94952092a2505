package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/mockmlp"
)

func (s serveCmd) serve(env *environment, mock *mockmlp.Mock, log zerolog.Logger) error {
	api, err := listen("--listen", s.Listen)
	if err != nil {
		return err
	}
	control, err := listen("--control", s.Control)
	if err != nil {
		_ = api.Close()
		return err
	}
	s.greet(env.stdout, mock, api.Addr(), control.Addr())
	servers := []*http.Server{server(mock.API()), server(mock.Control())}
	// The page's stream and whoever waits at the control API end when told to stop; requests to the API are finished.
	servers[1].BaseContext = func(net.Listener) context.Context { return env.ctx }
	failed := make(chan error, 2)
	for i, listener := range []net.Listener{api, control} {
		go func() { failed <- servers[i].Serve(listener) }()
	}
	select {
	case err = <-failed:
	case <-env.ctx.Done():
		log.Info().Str("event", "stopping").Send()
	}
	return errors.Join(err, shutdown(servers))
}

// listen takes an address, or says what to do when it can't be had.
func listen(flag, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	switch {
	case err == nil:
		return l, nil
	case addressInUse(err):
		return nil, fmt.Errorf("%s %s: another program listens there, perhaps a mockmlp that still runs. Stop it, or choose another address, such as %s 127.0.0.1:0 for any free port", flag, address, flag)
	default:
		return nil, fmt.Errorf("%s: can't listen: %w", flag, err)
	}
}

// greet prints where everything is, and how to call it: who starts the mock needs nothing else.
func (s serveCmd) greet(out io.Writer, mock *mockmlp.Mock, api, control net.Addr) {
	line := func(format string, args ...any) { fmt.Fprintf(out, "mockmlp: "+format+"\n", args...) }
	line("API http://%s/mlp/v1, tokens http://%s/oauth2/token", api, api)
	line("control http://%s/control/", control)
	line("this mocks an API that the mlpsync project defines; there is no public MLP API.")
	line("open http://%s/ for the page, http://%s/doc for the API's documentation", control, api)
	clients := mock.Clients()
	c := clients[0]
	more := ""
	if len(clients) > 1 {
		more = fmt.Sprintf(" (and %d more in the scenario)", len(clients)-1)
	}
	line("client %s, secret %s, X-IBM-Client-Id %s%s", c.ClientID, secretShown(c, s.Scenario == ""), c.APIKey, more)
	line("clock %s%s", mock.Now().Format(time.RFC3339), map[bool]string{true: ", still"}[s.Frozen])
	if s.Scenario == "" && !s.Empty && s.State == "" {
		line("it begins with the demo's test persons; --empty begins without, --scenario FILE with your own. Ctrl-C stops.")
	}
}

// secretShown is a client's secret where it is the documented one: a scenario's own secret is somebody's choice and stays out of terminals and logs.
func secretShown(c mockmlp.Client, ours bool) string {
	if ours {
		return c.ClientSecret
	}
	return "as in the scenario (" + strings.Repeat("*", 8) + ")"
}

// server has limits, so that a client that dawdles doesn't hold it up. Writing has room for the longest delay that a fault can ask for.
func server(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 6 * time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
}

func shutdown(servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	var errs []error
	for _, s := range servers {
		if err := s.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop: %w", err))
		}
	}
	return errors.Join(errs...)
}

// addressInUse knows the error of Windows too, which has no name in package syscall.
func addressInUse(err error) bool {
	const windows = syscall.Errno(10048)
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, windows)
}
