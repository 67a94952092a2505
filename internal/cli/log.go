package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/config"
)

// Logs go to standard error. The daemon writes them as the configuration says. A command that reports and ends says warnings only,
// and where a person reads them beside its report it says them in words: nobody takes them for a part of it.

// logFlag is --log-level, of the commands that do a run.
type logFlag struct {
	LogLevel string `placeholder:"LEVEL" enum:",trace,debug,info,warn,error,disabled" default:"" help:"Log from this level on, to standard error: trace, debug, info, warn, error or disabled. Default: warn, or log.level where that is higher."`
}

// logger is how a mode logs; asked is the level of the command line, which wins.
func (s *session) logger(c *config.Config, mode app.Mode, asked string) zerolog.Logger {
	level, err := zerolog.ParseLevel(c.Log.Level)
	if err != nil || level == zerolog.NoLevel {
		level = zerolog.InfoLevel
	}
	if mode != app.Daemon {
		level = max(level, zerolog.WarnLevel)
	}
	if wanted, err := zerolog.ParseLevel(asked); err == nil && asked != "" {
		level = wanted
	}
	out := s.stderr
	switch {
	case mode != app.Daemon:
		out = s.logOfCommand(c.Log.Format)
	case c.Log.Format == "text":
		out = timed(s.stderr)
	}
	return zerolog.New(zerolog.SyncWriter(out)).Level(level).With().Timestamp().Logger() // lanes log at the same time
}

// logOfCommand is where a command that reports and ends logs to.
func (s *session) logOfCommand(format string) io.Writer {
	switch {
	case readAlong(s.stdout, s.stderr):
		return s.inWords()
	case format == "text":
		return timed(s.stderr)
	}
	return s.stderr
}

func timed(out io.Writer) io.Writer {
	return zerolog.ConsoleWriter{Out: out, TimeFormat: time.TimeOnly, NoColor: true}
}

// readAlong tells whether a person has log and report before them: on a terminal, or where both go to one file or pipe. A socket is the system's
// journal, which programs read.
func readAlong(stdout, stderr io.Writer) bool {
	log, isFile := stderr.(*os.File)
	if !isFile {
		return false
	}
	where, err := log.Stat()
	if err != nil {
		return false
	}
	switch {
	case where.Mode()&os.ModeSocket != 0:
		return false
	case where.Mode()&os.ModeCharDevice != 0:
		return true
	}
	if out, remembers := stdout.(*output); remembers {
		stdout = out.Writer
	}
	report, isFile := stdout.(*os.File)
	if !isFile {
		return false
	}
	other, err := report.Stat()
	return err == nil && os.SameFile(where, other)
}

// inWords writes log lines as errors of the command line read: "mlpsync: warning: ...", and the hint below.
func (s *session) inWords() io.Writer {
	return zerolog.ConsoleWriter{
		Out: noted{s.stderr, s.said}, NoColor: true, PartsOrder: []string{zerolog.LevelFieldName, zerolog.MessageFieldName},
		FieldsExclude: []string{"hint", "run"}, FieldsOrder: []string{"event", "ocmw", "client"},
		FormatLevel: func(level any) string {
			if level == zerolog.LevelWarnValue {
				level = "warning"
			}
			return fmt.Sprintf("mlpsync: %v:", level)
		},
		FormatMessage: func(message any) string { return fmt.Sprintf("%v\n ", message) }, // the fields are not part of the sentence
		FormatExtra: func(fields map[string]any, out *bytes.Buffer) error {
			if hint, _ := fields["hint"].(string); hint != "" {
				fmt.Fprintf(out, "\n  hint: %s", hint)
			}
			return nil
		},
	}
}

// noted remembers that something was written.
type noted struct {
	io.Writer
	said *atomic.Bool
}

// Write implements io.Writer.
func (n noted) Write(p []byte) (int, error) {
	n.said.Store(true)
	return n.Writer.Write(p)
}

// apart leaves a line between what was logged in words and the report.
func (s *session) apart() {
	if s.said.Swap(false) {
		fmt.Fprintln(s.stderr)
	}
}
