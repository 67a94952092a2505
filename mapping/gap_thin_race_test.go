//go:build race

package mapping_test

// oneIn is the share of each product that is proved under the race detector, which makes
// deciding some five times slower and has nothing to find in the others: one combination in
// five (the levels that turn fastest are never five, so that all of them are met), and all
// pairs. Without it the whole of each product is proved.
const oneIn = 5
