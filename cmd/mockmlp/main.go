// Command mockmlp serves a mock of the MLP-compatible API; see docs/mock.md.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/mlpsync/mlpsync/mockmlp/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := command.Run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
