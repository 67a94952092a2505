package mockmlp

import (
	"fmt"
	"math"
)

// DefaultHostile is the share of calls that go wrong in a hostile mock.
const DefaultHostile = 0.05

// HostileFaults are faults that together make the given share of all calls go wrong, health checks aside, each kind as often as any other: refused as throttled or
// unavailable, failed behind the gateway in its three ways of saying so, cut off before and after the commit, a token that no longer holds.
func HostileFaults(share float64) ([]Fault, error) {
	if !(share >= 0 && share <= 1) {
		return nil, fmt.Errorf("hostile: a share from 0 to 1")
	}
	if share == 0 {
		return nil, nil
	}
	kinds := []Fault{
		{Response: FaultResponse{Status: 429, RetryAfter: 1}},
		{Response: FaultResponse{Status: 503, RetryAfter: 1, RetryAfterForm: "date"}},
		{Response: FaultResponse{Status: 503, RetryAfter: 1, RetryAfterForm: "body"}},
		{Response: FaultResponse{Status: 500}},
		{Response: FaultResponse{Status: 502, Body: "html"}},
		{Response: FaultResponse{Status: 504, Body: "gateway"}, When: AfterCommit},
		{Response: FaultResponse{Status: 401, Problem: "expiredAccessToken"}},
		{Fault: FaultReset},
		{Fault: FaultReset, When: AfterCommit},
		{Fault: FaultLimitData},
	}
	// The first that strikes decides. For equal shares, each is drawn from what the ones before it leave.
	each := share / float64(len(kinds))
	for i := range kinds {
		toxicity := math.Min(each/(1-each*float64(i)), 1)
		kinds[i].Toxicity = &toxicity
		kinds[i].Match.NotOperationID = "getHealth"
	}
	return kinds, nil
}

// newFaults are the faults that a mock begins with, also after a reset.
func (m *Mock) newFaults() error {
	m.faults = &faultSet{}
	list, err := HostileFaults(m.opts.Hostile)
	if err != nil {
		return err
	}
	for _, f := range list {
		if _, err := m.addFault(f); err != nil {
			return err
		}
	}
	return nil
}
