package strictyaml

import (
	"encoding"
	"errors"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

var readsText = reflect.TypeFor[encoding.TextUnmarshaler]()

// shape says what must stand where something of another shape stands; empty when the shape is right, or is nothing. The
// library tells without the key, and passes over a list where a type of ours reads a text.
func shape(n ast.Node, t reflect.Type) string {
	var list, keys bool
	switch n.(type) {
	case *ast.NullNode, *ast.AliasNode:
		return ""
	case *ast.SequenceNode:
		list = true
	case *ast.MappingNode, *ast.MappingValueNode:
		keys = true
	}
	text := reflect.PointerTo(t).Implements(readsText)
	switch {
	case text && (list || keys):
		return "expected a single value"
	case text || t.Kind() == reflect.Interface:
		return ""
	case t.Kind() == reflect.Struct && !keys:
		return "expected keys below it: " + strings.Join(yamlKeys(t), ", ")
	case t.Kind() == reflect.Map && !keys:
		return "expected keys below it"
	case t.Kind() == reflect.Slice && !list:
		return "expected a list"
	case (list || keys) && single(t):
		return "expected " + kindName(t)
	}
	return ""
}

func single(t reflect.Type) bool {
	return t.Kind() != reflect.Struct && t.Kind() != reflect.Map && t.Kind() != reflect.Slice
}

func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number"
	case reflect.Float32, reflect.Float64:
		return "a number"
	}
	return "a single value"
}

// value says what must stand where a single value can't be read; empty when it can.
func value(n ast.Node, t reflect.Type) string {
	if _, scalar := n.(ast.ScalarNode); !scalar || !single(t) && !reflect.PointerTo(t).Implements(readsText) {
		return ""
	}
	err := yaml.NodeToValue(n, reflect.New(t).Interface(), yaml.Strict())
	var ours ValueError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &ours):
		return ours.Error()
	}
	return "expected " + kindName(t)
}
