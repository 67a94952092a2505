package sqlite

import "strings"

// manyRows is how many rows a statement inserts at once: beginning and ending one takes an eighth of what a row does.
const manyRows = 16

// bulk gathers rows of values, and inserts them in their order.
type bulk struct {
	before, after string         // what stands around the values
	width         int            // of a row
	texts         map[int]string // by number of rows, as long as they are made
	args          []any
}

// newInsertion inserts rows into a table; conflict is the clause for those that are there, if any.
func newInsertion(table, columns, conflict string) *bulk {
	width := 1 + strings.Count(columns, ",")
	return &bulk{
		before: "INSERT INTO " + table + " (" + columns + ") VALUES ", after: conflict,
		width: width, texts: map[int]string{}, args: make([]any, 0, manyRows*width),
	}
}

// another is one for the same statement. They run one after the other.
func (b *bulk) another() *bulk {
	other := *b
	other.args = make([]any, 0, manyRows*b.width)
	return &other
}

// add takes a row; there is a value for each column.
func (b *bulk) add(row ...any) { b.args = append(b.args, row...) }

// full tells that there is one statement's worth of rows.
func (b *bulk) full() bool { return len(b.args) >= manyRows*b.width }

// run takes what was gathered, in statements of five sizes, so that there are five texts to compile.
func (b *bulk) run(t *tx) error {
	left := b.args
	for rows := manyRows; rows > 0; rows /= 2 {
		for n := rows * b.width; len(left) >= n; left = left[n:] {
			if _, err := t.exec(b.text(rows), left[:n]...); err != nil {
				return err
			}
		}
	}
	clear(b.args)
	b.args = b.args[:0]
	return nil
}

// runAll runs some one after the other.
func runAll(t *tx, all ...*bulk) error {
	for _, b := range all {
		if err := b.run(t); err != nil {
			return err
		}
	}
	return nil
}

func (b *bulk) text(rows int) string {
	if text, made := b.texts[rows]; made {
		return text
	}
	row := "(?" + strings.Repeat(", ?", b.width-1) + ")"
	b.texts[rows] = b.before + row + strings.Repeat(", "+row, rows-1) + b.after
	return b.texts[rows]
}
