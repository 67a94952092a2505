package strictyaml

import (
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

const (
	// maxNesting is how deep brackets may stand in each other. The parser's time grows with
	// the square of it.
	maxNesting = 100
	// maxAliased is how many values aliases may stand for together. Aliases of aliases make
	// a file of some lines into more than fits in memory.
	maxAliased = 10_000
)

// tooDeep is the issue of brackets in brackets in brackets.
func tooDeep(tokens token.Tokens) *Issue {
	depth := 0
	for _, tk := range tokens {
		switch tk.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		}
		if depth > maxNesting {
			return &Issue{Line: tk.Position.Line, Text: "nested too deep"}
		}
	}
	return nil
}

// unfit is the issue of a file that is more than it seems: a second document would be
// passed over, and aliases can swell.
func unfit(file *ast.File) *Issue {
	for _, doc := range file.Docs[1:] {
		if doc.Body != nil && doc.Body.Type() != ast.CommentType {
			return &Issue{Line: lineOf(doc.Body), Text: "a second document begins here: only one is read"}
		}
	}
	w := weight{anchors: map[string]int{}}
	w.of(file.Docs[0].Body)
	if w.aliased > maxAliased {
		return &Issue{Line: w.line, Text: "the aliases stand for too much: write it out"}
	}
	return nil
}

func lineOf(n ast.Node) int {
	if tk := n.GetToken(); tk != nil && tk.Position != nil {
		return tk.Position.Line
	}
	return 0
}

// weight counts values, those that an alias stands for included.
type weight struct {
	anchors map[string]int
	aliased int
	line    int // of the alias that was one too many
}

// of never counts far over the limit, so that the sum can't overflow.
func (w *weight) of(n ast.Node) int {
	sum := 1
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, pair := range n.Values {
			sum += w.of(pair)
		}
	case *ast.MappingValueNode:
		sum += w.of(n.Value)
	case *ast.SequenceNode:
		for _, item := range n.Values {
			sum += w.of(item)
		}
	case *ast.TagNode:
		sum += w.of(n.Value)
	case *ast.AnchorNode:
		sum += w.of(n.Value)
		w.anchors[n.Name.GetToken().Value] = sum
	case *ast.AliasNode:
		sum = w.anchors[n.Value.GetToken().Value]
		w.alias(n, sum)
	}
	return min(sum, maxAliased+1)
}

func (w *weight) alias(n *ast.AliasNode, sum int) {
	within := w.aliased <= maxAliased
	w.aliased = min(w.aliased+sum, maxAliased+1)
	if within && w.aliased > maxAliased {
		w.line = lineOf(n)
	}
}
