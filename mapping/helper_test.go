package mapping

import (
	"maps"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/plan"
)

func testOCMW(agreed bool) casefile.OCMW {
	return casefile.OCMW{KBO: "0999999922", NIS: "99991", DefaultCaseworker: "mw-000", HealthDataAgreed: agreed}
}

// applied is what MLP holds once all that a decision asks for has been accepted.
func applied(k casefile.Known, d casefile.Decision) casefile.Known {
	diff := plan.Diff(k, d)
	out := casefile.Apply(k, diff.Changes)
	out.Aliases = maps.Clone(k.Aliases)
	if out.Aliases == nil {
		out.Aliases = map[string]string{}
	}
	maps.Copy(out.Aliases, diff.Adopted)
	if out.Written == nil {
		out.Written = map[string]casefile.Body{}
	}
	maps.Copy(out.Written, diff.Agreed)
	return out
}
