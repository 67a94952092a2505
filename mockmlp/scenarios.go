package mockmlp

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// ScenarioInfo describes something that can be made to happen at VDAB's side.
type ScenarioInfo struct {
	Name string `json:"name"`
	// What it does, in one sentence.
	What string `json:"what"`
	// Needs are the properties that it can't do without, beside the person; Takes are others.
	Needs []string `json:"needs,omitempty"`
	Takes []string `json:"takes,omitempty"`
	// Ready: it is put together from others, which come one after the other.
	Ready bool `json:"ready"`
}

// scenarioKind is an entry of the catalogue: one happening, or parts that are happenings.
type scenarioKind struct {
	ScenarioInfo
	read  happeningReader
	parts func(with map[string]any) ([]part, error)
}

// part is one happening of a ready-made scenario, a number of intervals after its start.
type part struct {
	name  string
	after time.Duration
	with  map[string]any
}

// Scenarios lists what can be made to happen, in the order in which people look for it: ready-made ones first.
func Scenarios() []ScenarioInfo {
	out := []ScenarioInfo{}
	for _, k := range scenarioKinds() {
		out = append(out, k.ScenarioInfo)
	}
	return out
}

func scenarioKindOf(name string) (scenarioKind, error) {
	list := scenarioKinds()
	i := slices.IndexFunc(list, func(k scenarioKind) bool { return k.Name == name })
	if i < 0 {
		return scenarioKind{}, fmt.Errorf("name: one of %s", strings.Join(texts(list, func(k scenarioKind) string { return k.Name }), ", "))
	}
	return list[i], nil
}

func scenarioKinds() []scenarioKind { return append(readyMade(), happeningKinds()...) }

// happeningKinds are single happenings, by the names that their effects carry.
func happeningKinds() []scenarioKind {
	return []scenarioKind{
		single("ownerChanged", "another owner (TWE-17, GLOW-08)", "owner", "",
			happening(func(m side, p string, in ownerIn) (Effect, error) { return m.ownerChanged(p, in.Owner) })),
		single("handoverAnswered", "a handover request moves on (HND-03)", "status", "reason assignedTo handoverId",
			happening(func(m side, p string, in answerIn) (Effect, error) {
				return m.handoverAnswered(p, in.HandoverID, in.Status, in.Reason, in.AssignedTo)
			})),
		single("ssinReplaced", "another social security number", "", "newSsin",
			happening(func(m side, p string, in replaceIn) (Effect, error) { return m.ssinReplaced(p, in.NewSSIN) })),
		single("ssinCanceled", "the number stands for nobody any more", "", "",
			happening(func(m side, p string, _ whom) (Effect, error) { return m.ssinCanceled(p) })),
		single("dossierEdited", "a colleague edits the dossier or one registration by hand", "patch", "kind id",
			happening(func(m side, p string, in editIn) (Effect, error) { return m.dossierEdited(p, in.Kind, in.ID, in.Patch) })),
		single("categorySet", "somebody else sets a category", "code from by", "",
			happening(func(m side, p string, in categoryIn) (Effect, error) {
				return m.categorySet(p, in.Code, in.From, in.By)
			})),
		single("trainingRegistered", "a provider registers a training, or changes it", "training", "",
			happening(func(m side, p string, in trainingIn) (Effect, error) { return m.trainingRegistered(p, in.Training) })),
		single("exitRule", "how the person's next 78 comes (TWE 5)", "mode", "delay",
			happening(func(m side, p string, in exitIn) (Effect, error) {
				return Effect{}, m.exitRuleSet(p, in.Mode, in.Delay)
			})),
	}
}

func single(name, what, needs, takes string, read happeningReader) scenarioKind {
	return scenarioKind{ScenarioInfo: ScenarioInfo{Name: name, What: what, Needs: strings.Fields(needs), Takes: strings.Fields(takes)}, read: read}
}

// readyMade are what a client has to live with, by name. That VDAB does such things is in the sources; in which steps is an assumption.
func readyMade() []scenarioKind {
	answered := func(status string) map[string]any { return map[string]any{"status": status} }
	list := []scenarioKind{
		readyScenario("78-before", "78 comes right behind the employment, before the client's 90 or 93 (CAT-06)", "", always("exitRule", map[string]any{"mode": ExitBefore})),
		readyScenario("78-at", "78 comes just before the client's 90 or 93 is judged, whose If-Match is then stale (CAT-06)", "", always("exitRule", map[string]any{"mode": ExitAt})),
		readyScenario("78-after", "78 comes a delay after the client's 90 or 93, and holds (CAT-06)", "delay", always("exitRule", map[string]any{"mode": ExitAfter, "delay": "24h"})),
		readyScenario("owner-changes", "a tender partner takes the dossier over (TWE-17)", "owner",
			always("ownerChanged", map[string]any{"owner": map[string]any{"kind": "partner", "name": "WIJ Voorbeeld", "program": "WIJ"}})),
		readyScenario("colleague-edits", "a colleague changes the dossier by hand", "patch kind id",
			always("dossierEdited", map[string]any{"patch": map[string]any{"contactLanguage": "fr"}})),
		readyScenario("insz-replaced", "the person gets another number", "newSsin", always("ssinReplaced", nil)),
		readyScenario("handover-received", "VDAB has received the handover request", "handoverId", inTurn(answered("received"))),
		readyScenario("handover-questioned", "VDAB receives the request, then asks for information", "handoverId reason interval",
			inTurn(answered("received"), map[string]any{"status": "needsInformation", "reason": "incomplete"})),
		readyScenario("handover-assigned", "VDAB receives, accepts and assigns the request", "handoverId assignedTo interval",
			inTurn(answered("received"), answered("accepted"), map[string]any{"status": "assigned", "assignedTo": "WIJ Voorbeeld"})),
		readyScenario("handover-rejected", "VDAB receives the request, then rejects it", "handoverId reason interval",
			inTurn(answered("received"), map[string]any{"status": "rejected", "reason": "otherTrack"})),
	}
	return list
}

func readyScenario(name, what, takes string, parts func(map[string]any) ([]part, error)) scenarioKind {
	k := scenarioKind{ScenarioInfo: ScenarioInfo{Name: name, What: what, Takes: strings.Fields(takes), Ready: true}}
	k.parts = func(with map[string]any) ([]part, error) {
		for _, key := range slices.Sorted(maps.Keys(with)) {
			if !slices.Contains(k.Takes, key) {
				return nil, fmt.Errorf("%s: %s takes no such property", key, name)
			}
		}
		return parts(with)
	}
	return k
}

// always is one happening, with defaults for what isn't given.
func always(name string, defaults map[string]any) func(map[string]any) ([]part, error) {
	return func(with map[string]any) ([]part, error) {
		all := map[string]any{}
		maps.Copy(all, defaults)
		maps.Copy(all, with)
		return []part{{name: name, with: all}}, nil
	}
}

// inTurn are VDAB's answers to a handover request, an interval apart: at once when none is given. What is given replaces what an answer has, and names the request.
func inTurn(answers ...map[string]any) func(map[string]any) ([]part, error) {
	return func(with map[string]any) ([]part, error) {
		var interval time.Duration
		if given, there := with["interval"]; there {
			text, _ := given.(string)
			d, err := time.ParseDuration(text)
			if err != nil || d < 0 {
				return nil, errors.New("interval: a time such as 24h")
			}
			interval = d
		}
		var out []part
		for i, a := range answers {
			all := maps.Clone(a)
			for key, value := range with {
				if _, has := a[key]; has || key == "handoverId" {
					all[key] = value
				}
			}
			out = append(out, part{name: "handoverAnswered", after: time.Duration(i) * interval, with: all})
		}
		return out, nil
	}
}
