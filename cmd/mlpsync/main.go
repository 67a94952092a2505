// Command mlpsync brings OCMW exports to an MLP-compatible API.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/mlpsync/mlpsync/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals()...)
	code := cli.Run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// stopSignals are those after which a command ends in order. A terminal that is closed is one, so that a demo or a self-test
// leaves no folder; not for who asked to outlive it (nohup).
func stopSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}
