package casefile

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/internal/ident"
)

// testNumbers are TST numbers: nobody's.
var testNumbers = []string{"67722499797", "83660634135", "91610100176", "00683042157", "01690129514"}

func testINSZ(t testing.TB, digits string) ident.INSZ {
	t.Helper()
	reading, err := ident.ParseINSZ(digits)
	if err != nil {
		t.Fatal(err)
	}
	return reading.INSZ
}

// filler fills every exported field of a value, so that a field that is added
// later is in the tests without anybody thinking of it.
type filler struct {
	text   func(path string) string
	number func(path string) int64
	yes    func(path string) bool
	day    func(path string) Date
	insz   func(path string) ident.INSZ
	moment func(path string) time.Time
	body   func(path string) Body
	length func(path string) int // of lists and maps; 0 leaves them nil
}

// drawing fills at random, empty values included.
func drawing(t *rapid.T, tb testing.TB) *filler {
	f := &filler{
		text:   func(p string) string { return rapid.StringN(0, 6, 20).Draw(t, p) },
		number: func(p string) int64 { return int64(rapid.Int32().Draw(t, p)) },
		yes:    func(p string) bool { return rapid.Bool().Draw(t, p) },
		day:    func(p string) Date { return drawDate(t, p) },
		moment: func(p string) time.Time {
			return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, p), rapid.Int64Range(0, 1e9-1).Draw(t, p+" ns")).UTC()
		},
		length: func(p string) int { return rapid.IntRange(0, 2).Draw(t, p) },
		insz: func(p string) ident.INSZ {
			if rapid.Bool().Draw(t, p+" given") {
				return testINSZ(tb, rapid.SampledFrom(testNumbers).Draw(t, p))
			}
			return ident.INSZ{}
		},
	}
	f.body = func(p string) Body {
		i := rapid.IntRange(0, len(bodies())).Draw(t, p)
		if i == len(bodies()) {
			return nil
		}
		return f.someBody(bodies()[i], p)
	}
	return f
}

// naming fills each field with its own path: the same every time.
func naming(tb testing.TB) *filler {
	f := &filler{
		text:   func(p string) string { return p },
		number: func(p string) int64 { return int64(len(p)) },
		yes:    func(string) bool { return true },
		day:    func(p string) Date { return NewDate(2026, time.March, len(p)) },
		moment: func(p string) time.Time { return time.Date(2026, 3, len(p), 8, 30, 0, 0, time.UTC) },
		length: func(string) int { return 1 },
		insz:   func(string) ident.INSZ { return testINSZ(tb, testNumbers[0]) },
	}
	f.body = func(p string) Body { return f.someBody(Category{}, p) }
	return f
}

func bodies() []Body {
	return []Body{Person{}, Profile{}, Category{}, WEO{}, Art60{}, EvaluationDone{}, Handover{}, WorkPlacement{}, Document{}, Competence{}, Note{}}
}

func (f *filler) someBody(kind Body, path string) Body {
	v := reflect.New(reflect.TypeOf(kind)).Elem()
	f.fill(v, path)
	return v.Interface().(Body)
}

func (f *filler) fill(v reflect.Value, path string) {
	switch v.Interface().(type) {
	case ident.INSZ:
		v.Set(reflect.ValueOf(f.insz(path)))
		return
	case Date:
		v.SetString(string(f.day(path)))
		return
	case time.Time:
		v.Set(reflect.ValueOf(f.moment(path)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(f.text(path))
	case reflect.Int, reflect.Int64:
		v.SetInt(f.number(path))
	case reflect.Bool:
		v.SetBool(f.yes(path))
	case reflect.Interface:
		if b := f.body(path); b != nil {
			v.Set(reflect.ValueOf(b))
		}
	default:
		f.fillMany(v, path)
	}
}

func (f *filler) fillMany(v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i), path+"."+v.Type().Field(i).Name)
		}
	case reflect.Pointer:
		if f.length(path) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			f.fill(v.Elem(), path)
		}
	case reflect.Slice:
		for i := range f.length(path) {
			item := reflect.New(v.Type().Elem()).Elem()
			f.fill(item, fmt.Sprintf("%s[%d]", path, i))
			v.Set(reflect.Append(v, item))
		}
	case reflect.Map:
		n := f.length(path)
		for i := range n {
			if v.IsNil() {
				v.Set(reflect.MakeMap(v.Type()))
			}
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.fill(key, fmt.Sprintf("%s key %d", path, i))
			f.fill(value, fmt.Sprintf("%s value %d", path, i))
			v.SetMapIndex(key, value)
		}
	default:
		panic("fill_test: no filling for " + v.Type().String())
	}
}

func records() []Record {
	return []Record{&Client{}, &Track{}, &Employment{}, &Placement{}, &Training{}, &Evaluation{}, &HandoverRecord{}, &CompetenceRecord{}, &DocumentRecord{}}
}

func (f *filler) record(empty Record) Record {
	v := reflect.New(reflect.TypeOf(empty).Elem())
	f.fill(v.Elem(), string(empty.Kind()))
	return v.Interface().(Record)
}

func drawDate(t *rapid.T, label string) Date {
	if rapid.IntRange(0, 4).Draw(t, label+" given") == 0 {
		return ""
	}
	return NewDate(2020, time.January, 1).AddDays(rapid.IntRange(0, 4000).Draw(t, label))
}

func reflectOf[T any](p *T) reflect.Value { return reflect.ValueOf(p).Elem() }
