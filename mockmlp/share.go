package mockmlp

import (
	"encoding/json"
	"maps"
)

// pool lets dossiers that a scenario seeds hold equal parts once: owners, addresses, caseworkers and categories of the same day are the same for thousands.
// What is committed is never changed in place, so that sharing can't be seen.
type pool map[string]any

func (p pool) dossier(d *dossier) {
	d.Owner, d.Own = p.object(d.Owner), p.object(d.Own)
	d.NIS, _ = p.share(d.NIS).(string)
	for kind, list := range d.Regs {
		for i := range list {
			list[i].Content, list[i].Added = p.object(list[i].Content), p.object(list[i].Added)
		}
		d.Regs[kind] = list
	}
}

func (p pool) object(v map[string]any) map[string]any {
	if v == nil {
		return nil
	}
	shared, _ := p.share(v).(map[string]any)
	return shared
}

// share gives the value in the pool that equals v, and puts v there when it's the first.
func (p pool) share(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, sub := range v {
			v[name] = p.share(sub)
		}
	case []any:
		for i, item := range v {
			v[i] = p.share(item)
		}
	case string:
	default:
		return v
	}
	key, err := json.Marshal(v)
	if err != nil {
		return v
	}
	if first, there := p[string(key)]; there {
		return first
	}
	p[string(key)] = v
	return v
}

// seeded are the dossiers of a scenario as they were judged, for the next reset; the scenario's own text of them isn't kept beside.
type seeded map[string]*dossier

// initialFromSeeded begins again with dossiers that were judged before.
func (m *Mock) initialFromSeeded(s *state) *state {
	s.Dossiers = maps.Clone(map[string]*dossier(m.seeded))
	for _, d := range s.Dossiers {
		s.index(d)
		m.seedExits(s, d)
	}
	return s
}
