package mockmlp_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/mlpsync/mlpsync/mockmlp"
)

// The mock is a plain http.Handler: a test serves it, lets its client loose, and asks what was done.
func Example() {
	scenario, err := mockmlp.DemoScenario()
	if err != nil {
		fmt.Println(err)
		return
	}
	mock, err := mockmlp.New(mockmlp.Options{Scenario: scenario, Frozen: true, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer mock.Close()
	server := httptest.NewServer(mock.API())
	defer server.Close()

	resp, err := http.Get(server.URL + "/mlp/v1/health")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, string(body))

	// VDAB sets 78 by itself when article 60 paragraph 7 begins: here, as the clock passes the first of June.
	if err := mock.Advance(30 * 24 * time.Hour); err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range mock.Effects() {
		fmt.Println(e.Action, e.Kind, e.Code, "by", e.Actor)
	}
	requests, total := mock.Journal()
	fmt.Println(total, "request:", requests[0].OperationID, requests[0].Status)
	fmt.Println(len(mock.InvalidAnswers()), "answers that the document forbids")
	// Output:
	// 200 {"status":"UP"}
	// create category 78 by vdab
	// 1 request: getHealth 200
	// 0 answers that the document forbids
}

// In process there is no socket, so that a client can be tried in a synctest bubble, with its time-outs.
func ExampleTransport() {
	mock, err := mockmlp.New(mockmlp.Options{Frozen: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer mock.Close()
	if _, err := mock.AddFault(mockmlp.Fault{Match: mockmlp.FaultMatch{OperationID: "getHealth"}, Times: 1, Fault: mockmlp.FaultReset}); err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: mockmlp.Transport(mock.API())}
	for range 2 {
		resp, err := client.Get("http://mock/mlp/v1/health")
		if err != nil {
			fmt.Println("broken off")
			continue
		}
		fmt.Println(resp.StatusCode)
		_ = resp.Body.Close()
	}
	// Output:
	// broken off
	// 200
}
