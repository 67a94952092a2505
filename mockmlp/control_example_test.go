package mockmlp_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/mockmlp"
)

// A client that is cut off after its write was committed: was it done, and how often?
func Example_control() {
	// control
	mock, err := mockmlp.New(mockmlp.Options{Seed: 7, Frozen: true, Logger: zerolog.Nop()})
	if err != nil {
		panic(err)
	}
	_, err = mock.AddFault(mockmlp.Fault{
		Match: mockmlp.FaultMatch{OperationID: "getHealth", Nth: 2},
		Fault: mockmlp.FaultReset, When: mockmlp.AfterCommit,
	})
	if err != nil {
		panic(err)
	}
	client := &http.Client{Transport: mockmlp.Transport(mock.API())}
	for range 3 {
		resp, err := client.Get("http://mlp/mlp/v1/health")
		if err != nil {
			fmt.Println("cut off")
			continue
		}
		fmt.Println(resp.StatusCode)
		_ = resp.Body.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	calls, err := mock.WaitJournal(ctx, mockmlp.Filter{"operationId": {"getHealth"}}, 3)
	fmt.Println(len(calls), calls[1].Broken, err)
	effects, err := mock.FindEffects(mockmlp.Filter{"kind": {"weo"}, "actor": {"client"}})
	fmt.Println(len(effects), err)
	// Output:
	// 200
	// cut off
	// 200
	// 3 CONNECTION_RESET_BY_PEER <nil>
	// 0 <nil>
}
