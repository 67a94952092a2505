package mockmlp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Filter chooses entries of the journal or of the effects: by the name of a property, the values of which one must fit. since takes a number, and
// lets through what comes after it. The journal's person is a pseudonym, a dossier id or a social security number. The zero value lets everything through.
type Filter map[string][]string

// filterField is what can be filtered by, and counted.
type filterField[T any] struct {
	name string
	of   func(T) []string
}

// JournalFilters are the names that a filter of the journal may have.
func JournalFilters() []string { return namesOf(journalFields()) }

// EffectFilters are the names that a filter of the effects may have.
func EffectFilters() []string { return namesOf(effectFields()) }

func namesOf[T any](fields []filterField[T]) []string {
	return texts(fields, func(f filterField[T]) string { return f.name })
}

func texts[T any](list []T, of func(T) string) []string {
	out := make([]string, 0, len(list)+1)
	for _, v := range list {
		out = append(out, of(v))
	}
	return out
}

// checkFilter says which names can't be filtered by.
func checkFilter(f Filter, names []string) error {
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if !slices.Contains(names, name) {
			return fmt.Errorf("%s: not a filter; there are %s", name, strings.Join(names, ", "))
		}
		if name == "since" {
			if _, err := f.since(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f Filter) since() (int64, error) {
	values, given := f["since"]
	if !given {
		return 0, nil
	}
	n, err := strconv.ParseInt(strings.Join(values, ","), 10, 64)
	if err != nil {
		return 0, errors.New("since: the number of an entry")
	}
	return n, nil
}

// named gives the persons of a filter the pseudonyms under which the journal has them.
func (m *Mock) named(f Filter) Filter {
	if f["person"] == nil {
		return f
	}
	out := maps.Clone(f)
	out["person"] = texts(f["person"], func(p string) string {
		if strings.HasPrefix(p, "p-") {
			return p
		}
		return m.pseudonym(m.known(p))
	})
	return out
}

// choose lists the entries that a filter lets through. It was checked.
func choose[T any](list []T, f Filter, fields []filterField[T]) []T {
	out := []T{}
	since, _ := f.since()
	for _, e := range list {
		if passes(e, f, fields, since) {
			out = append(out, e)
		}
	}
	return out
}

func passes[T any](e T, f Filter, fields []filterField[T], since int64) bool {
	for _, by := range fields {
		wanted, given := f[by.name]
		if !given {
			continue
		}
		have := by.of(e)
		if by.name == "since" {
			if seq, err := strconv.ParseInt(have[0], 10, 64); err != nil || seq <= since {
				return false
			}
			continue
		}
		if !slices.ContainsFunc(wanted, func(w string) bool {
			return slices.ContainsFunc(have, func(h string) bool { return strings.EqualFold(w, h) })
		}) {
			return false
		}
	}
	return true
}

// countBy counts entries by the values of a field.
func countBy[T any](list []T, name string, fields []filterField[T]) (map[string]int, error) {
	i := slices.IndexFunc(fields, func(f filterField[T]) bool { return f.name == name })
	if i < 0 || name == "since" {
		return nil, fmt.Errorf("countBy: one of %s", strings.Join(namesOf(fields)[1:], ", "))
	}
	counts := map[string]int{}
	for _, e := range list {
		for _, value := range fields[i].of(e) {
			if value != "" {
				counts[value]++
			}
		}
	}
	return counts, nil
}

// news wakes who waits for something to be journaled or committed. It is used with the mock's lock held.
type news struct{ next chan struct{} }

// tell wakes everybody who asked to be told.
func (n *news) tell() {
	if n.next != nil {
		close(n.next)
		n.next = nil
	}
}

func (n *news) wait() <-chan struct{} {
	if n.next == nil {
		n.next = make(chan struct{})
	}
	return n.next
}

// waitFor looks again whenever there is news, until there are enough.
func waitFor[T any](ctx context.Context, m *Mock, count int, look func() ([]T, error)) ([]T, error) {
	for {
		m.mu.Lock()
		next := m.news.wait()
		m.mu.Unlock()
		found, err := look()
		if err != nil || len(found) >= count {
			return found, err
		}
		select {
		case <-next:
		case <-ctx.Done():
			return found, ctx.Err()
		}
	}
}

// filterOf reads a filter from a query, of which the named parameters mean something else.
func filterOf(query url.Values, others ...string) Filter {
	f := Filter{}
	for name, values := range query {
		if !slices.Contains(others, name) {
			f[name] = values
		}
	}
	return f
}
