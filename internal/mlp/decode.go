package mlp

import (
	"encoding/json"
	"reflect"

	fast "github.com/segmentio/encoding/json"
)

// decode reads JSON as encoding/json does, in a third of its time (docs/adr/0012): what the faster library refuses is encoding/json's to
// judge. The text is one that encoding/json finds valid: an answer of which the form was found, or a request that was written a moment ago.
func decode(text []byte, into any) error {
	if fast.Unmarshal(text, into) == nil {
		return nil
	}
	reflect.ValueOf(into).Elem().SetZero()
	return json.Unmarshal(text, into)
}
