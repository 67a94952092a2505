//go:build !race

package mapping_test

// oneIn is the share of each product that is proved: all of it.
const oneIn = 1
