package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The committed report has every figure, so that CI can hold a quick run against it.
func TestTheReportHasEveryFigure(t *testing.T) {
	text, err := os.ReadFile("report.json")
	if err != nil {
		t.Fatal(err)
	}
	var committed report
	if err := json.Unmarshal(text, &committed); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range allFigures() {
		names = append(names, a.name)
	}
	slices.Sort(names)
	if diff := cmp.Diff(names, slices.Sorted(maps.Keys(committed.Figures))); diff != "" {
		t.Errorf("run go run ./bench again: -program +report.json\n%s", diff)
	}
}

func TestJudge(t *testing.T) {
	r := report{}
	r.judge(allGroups()[:2], map[string]float64{"deliver.rateRatio8": 0.6, "deliver.cpuRatio8": 2.6, "ingest.ratio": 0.3})
	for name, want := range map[string]string{"deliver.rateRatio8": "met", "deliver.cpuRatio8": "missed", "ingest.ratio": "missed", "deliver.rateRatio64": ""} {
		if got := r.Figures[name].Verdict; got != want {
			t.Errorf("%s: %q, expected %q", name, got, want)
		}
	}
	if _, has := r.Figures["memory.csvMB"]; has {
		t.Error("a figure that was not asked for")
	}
	if !strings.Contains(r.markdown(), "`deliver.rateRatio64` | not measured here") {
		t.Error("what can't be measured is not said")
	}
}

func TestThePlotIsXML(t *testing.T) {
	text := plot([]scalePoint{{10_000, 1, 1, 40}, {100_000, 10, 11, 41}, {1_000_000, 101, 110, 42}})
	for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{">1,000,000<", ">seconds<", ">rows<", "polyline"} {
		if !strings.Contains(text, want) {
			t.Errorf("the plot lacks %s", want)
		}
	}
}

func TestChoose(t *testing.T) {
	chosen, err := choose("memory,deliver")
	if err != nil || len(chosen) != 3 {
		t.Errorf("%d measurements, %v", len(chosen), err)
	}
	if _, err := choose("nothing"); err == nil {
		t.Error("a measurement that there isn't is taken")
	}
}
