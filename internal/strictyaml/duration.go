package strictyaml

import "time"

// ValueError is what a type that reads its own text returns when the text is
// not right; its wording reaches the user, so it never holds the value.
type ValueError string

func (e ValueError) Error() string { return string(e) }

// Duration is a time.Duration written as 30s, 5m, 2h; never negative.
type Duration time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v < 0 {
		return ValueError("expected a duration such as 30s, 5m or 2h")
	}
	*d = Duration(v)
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// Std is the duration as package time has it.
func (d Duration) Std() time.Duration { return time.Duration(d) }
