package mlp

import "net/http"

// ValidateValueStrict is [Operation.ValidateResponseStrict] for a body that is a value still, as [DecodeJSON] would give it; integers may be Go's. It
// spares who makes the answer decoding what it has just encoded. [Plain] says which values it takes.
func (o *Operation) ValidateValueStrict(status int, header http.Header, v any) []Violation {
	listed, ok := o.ResponseStatus(status)
	if !ok {
		return []Violation{{In: "body", Keyword: "status", Message: "the document doesn't list this status"}}
	}
	r := o.responses[listed]
	var vs []Violation
	if header != nil {
		vs = r.judgeHeaders(header)
	}
	if r.body == nil {
		return vs
	}
	vs = append(vs, r.body.judge("body", v)...)
	return append(vs, r.body.unknown(v)...)
}

// Plain says whether a value is made only of what JSON has, so that encoding it and decoding it again would change nothing but the type of its numbers.
func Plain(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, sub := range v {
			if !Plain(sub) {
				return false
			}
		}
		return v != nil
	case []any:
		for _, item := range v {
			if !Plain(item) {
				return false
			}
		}
		return v != nil
	case nil, bool, string, float64, int, int64:
		return true
	}
	return false
}
