package config

import _ "embed"

//go:embed example.yaml
var example []byte

// Example is a configuration with every key, its unit and its default.
func Example() []byte { return append([]byte(nil), example...) }
