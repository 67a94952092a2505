package sqlite

import "strings"

// manyRows and fewRows are how many rows a statement inserts at once: beginning and ending a statement costs as much as a row does.
const manyRows, fewRows = 16, 4

// insertion gathers rows of one table, and inserts them in their order.
type insertion struct {
	table, columns string
	width          int
	texts          map[int]string // by number of rows, as long as they are made
	args           []any
}

func newInsertion(table, columns string) *insertion {
	width := 1 + strings.Count(columns, ",")
	return &insertion{table: table, columns: columns, width: width, texts: map[int]string{}, args: make([]any, 0, manyRows*width)}
}

// another is one for the same columns. They run one after the other.
func (in *insertion) another() *insertion {
	other := *in
	other.args = make([]any, 0, manyRows*in.width)
	return &other
}

// add takes a row; there is a value for each column.
func (in *insertion) add(row ...any) { in.args = append(in.args, row...) }

// full tells that there is one statement's worth of rows.
func (in *insertion) full() bool { return len(in.args) >= manyRows*in.width }

// run inserts what was gathered, in statements of three sizes, so that there are three texts to compile.
func (in *insertion) run(t *tx) error {
	left := in.args
	for _, rows := range []int{manyRows, fewRows, 1} {
		for n := rows * in.width; len(left) >= n; left = left[n:] {
			if _, err := t.exec(in.text(rows), left[:n]...); err != nil {
				return err
			}
		}
	}
	clear(in.args)
	in.args = in.args[:0]
	return nil
}

func (in *insertion) text(rows int) string {
	if text, made := in.texts[rows]; made {
		return text
	}
	row := "(?" + strings.Repeat(", ?", in.width-1) + ")"
	in.texts[rows] = "INSERT INTO " + in.table + " (" + in.columns + ") VALUES " + row + strings.Repeat(", "+row, rows-1)
	return in.texts[rows]
}
