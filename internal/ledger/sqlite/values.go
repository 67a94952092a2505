package sqlite

import (
	"fmt"
	"reflect"

	engine "zombiezen.com/go/sqlite"
)

// large tells of a value that is not worth keeping until the statement is run again.
func large(arg any) bool {
	const much = 4 << 10
	switch v := arg.(type) {
	case string:
		return len(v) > much
	case []byte:
		return len(v) > much
	}
	return false
}

// bind gives a statement its values: whole numbers, words, bytes and truths, also of named types. Bytes that are nil are NULL.
func bind(st *engine.Stmt, args []any) error {
	if n := st.BindParamCount(); n != len(args) {
		return fmt.Errorf("a statement takes %d values, and was given %d", n, len(args))
	}
	for i, arg := range args {
		switch v := arg.(type) {
		case nil:
			st.BindNull(i + 1)
		case int64:
			st.BindInt64(i+1, v)
		case int:
			st.BindInt64(i+1, int64(v))
		case string:
			st.BindText(i+1, v)
		case bool:
			st.BindBool(i+1, v)
		case []byte:
			bindBytes(st, i+1, v)
		default:
			if err := bindNamed(st, i+1, reflect.ValueOf(arg)); err != nil {
				return err
			}
		}
	}
	return nil
}

func bindBytes(st *engine.Stmt, i int, v []byte) {
	if v == nil {
		st.BindNull(i)
		return
	}
	st.BindBytes(i, v)
}

func bindNamed(st *engine.Stmt, i int, v reflect.Value) error {
	switch {
	case v.Kind() == reflect.String:
		st.BindText(i, v.String())
	case v.CanInt():
		st.BindInt64(i, v.Int())
	case v.Kind() == reflect.Bool:
		st.BindBool(i, v.Bool())
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		bindBytes(st, i, v.Bytes())
	default:
		return fmt.Errorf("a statement was given a %s", v.Type())
	}
	return nil
}

// rows is a query that stands at a row.
type rows engine.Stmt

// raw is for bytes that are used before the next row is read: it keeps its room.
type raw []byte

// Scan reads the row's columns: whole numbers and words, also of named types, bytes and truths. NULL is a nil of bytes and of a pointer
// to a number, and an error for the others.
func (r *rows) Scan(into ...any) error {
	st := (*engine.Stmt)(r)
	for col, to := range into {
		if err := scan(st, col, to); err != nil {
			return fmt.Errorf("read column %d of a row: %w", col+1, err)
		}
	}
	return nil
}

func scan(st *engine.Stmt, col int, to any) error {
	switch to := to.(type) {
	case *int64:
		return scanNumber(st, col, to)
	case *int:
		var n int64
		err := scanNumber(st, col, &n)
		*to = int(n)
		return err
	case *bool:
		var n int64
		err := scanNumber(st, col, &n)
		*to = n != 0
		return err
	case *string:
		return scanText(st, col, to)
	case *raw:
		return scanBytes(st, col, (*[]byte)(to))
	case *[]byte:
		*to = nil
		return scanBytes(st, col, to)
	case **int64:
		*to = nil
		if st.ColumnIsNull(col) {
			return nil
		}
		*to = new(int64)
		return scanNumber(st, col, *to)
	}
	return scanNamed(st, col, reflect.ValueOf(to).Elem())
}

func scanNumber(st *engine.Stmt, col int, to *int64) error {
	if kind := st.ColumnType(col); kind != engine.TypeInteger {
		return fmt.Errorf("it holds %v and no whole number", kind)
	}
	*to = st.ColumnInt64(col)
	return nil
}

func scanText(st *engine.Stmt, col int, to *string) error {
	if st.ColumnIsNull(col) {
		return fmt.Errorf("it holds nothing and no text")
	}
	*to = st.ColumnText(col)
	return nil
}

// scanBytes uses the room that there is.
func scanBytes(st *engine.Stmt, col int, to *[]byte) error {
	switch kind := st.ColumnType(col); kind {
	case engine.TypeNull:
		*to = nil
		return nil
	case engine.TypeBlob, engine.TypeText:
	default:
		return fmt.Errorf("it holds %v and no bytes", kind)
	}
	n := st.ColumnLen(col)
	if cap(*to) < n || *to == nil {
		*to = make([]byte, n)
	}
	*to = (*to)[:n]
	st.ColumnBytes(col, *to)
	return nil
}

func scanNamed(st *engine.Stmt, col int, to reflect.Value) error {
	switch {
	case to.Kind() == reflect.String:
		var text string
		err := scanText(st, col, &text)
		to.SetString(text)
		return err
	case to.CanInt():
		var n int64
		err := scanNumber(st, col, &n)
		to.SetInt(n)
		return err
	}
	return fmt.Errorf("it can't be read as a %s", to.Type())
}
