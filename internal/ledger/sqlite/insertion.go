package sqlite

import "strings"

// manyRows is how many rows a statement inserts at once: beginning and ending a statement costs as much as a row does.
const manyRows = 16

// insertion gathers rows of one table, and inserts them in their order.
type insertion struct {
	table, columns string
	width          int
	args           []any
}

func newInsertion(table, columns string) *insertion {
	width := 1 + strings.Count(columns, ",")
	return &insertion{table: table, columns: columns, width: width, args: make([]any, 0, manyRows*width)}
}

// add takes a row; there is a value for each column.
func (in *insertion) add(row ...any) { in.args = append(in.args, row...) }

// run inserts what was gathered: as many as go into one statement, and the rest one by one, so that there are two texts to compile.
func (in *insertion) run(t *tx) error {
	for len(in.args) > 0 {
		rows := 1
		if len(in.args) >= manyRows*in.width {
			rows = manyRows
		}
		if _, err := t.exec(in.text(rows), in.args[:rows*in.width]...); err != nil {
			return err
		}
		in.args = in.args[rows*in.width:]
	}
	return nil
}

func (in *insertion) text(rows int) string {
	row := "(?" + strings.Repeat(", ?", in.width-1) + ")"
	return "INSERT INTO " + in.table + " (" + in.columns + ") VALUES " + row + strings.Repeat(", "+row, rows-1)
}
