package mapping

import (
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/plan"
)

func testOCMW(agreed bool) casefile.OCMW {
	return casefile.OCMW{KBO: "0999999922", NIS: "99991", DefaultCaseworker: "mw-000", HealthDataAgreed: agreed}
}

// applied is what MLP holds once all that a decision asks for has been accepted.
func applied(k casefile.Known, d casefile.Decision) casefile.Known {
	return plan.Diff(k, d).After(k)
}
