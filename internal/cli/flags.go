package cli

import (
	"fmt"
	"reflect"

	"github.com/alecthomas/kong"

	"github.com/mlpsync/mlpsync/internal/app"
)

// refuseEmpty refuses what was given without a value: an empty variable of a shell would mean today, all, or any. Why an
// order was given is asked for where it is needed.
func refuseEmpty(parsed *kong.Context) error {
	for _, given := range parsed.Path {
		value, name := given.Positional, ""
		switch {
		case given.Flag != nil:
			value, name = given.Flag.Value, "--"+given.Flag.Name
		case value != nil:
			name = "<" + value.Name + ">"
		}
		if value == nil || value.Name == "reason" || value.Target.Kind() != reflect.String || value.Target.String() != "" {
			continue
		}
		next := "leave it out, or give it a value; is a variable of the shell empty?"
		if value.Required {
			next = "give it a value; is a variable of the shell empty?"
		}
		return &usageError{&app.Hinted{Err: fmt.Errorf("%s is empty", name), Next: next}}
	}
	return nil
}

// valueHelp is the help of a flag or argument; kong shows a default only where no placeholder stands in its place.
func valueHelp(value *kong.Value) string {
	help := kong.DefaultHelpValueFormatter(value)
	if value.Flag == nil || value.Flag.PlaceHolder == "" || !value.HasDefault || value.Default == "" {
		return help
	}
	return fmt.Sprintf("%s Default: %s.", help, value.Default)
}
