package mockmlp

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRecording(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "recordings")
	h := start(t, Options{Frozen: true, RecordDir: dir})
	form, err := http.NewRequest("POST", "http://mlp/oauth2/token", strings.NewReader("grant_type=client_credentials&client_id=gent&client_secret=s3cret"))
	if err != nil {
		t.Fatal(err)
	}
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if r := h.send(form); r.status != 200 {
		t.Fatalf("%d %v", r.status, r.body)
	}
	d := h.create(ssinB)
	h.fault(`{"times":1,"response":{"status":502,"body":"html"}}`)
	h.do("GET", d, "")
	if err := h.mock.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "exchanges-*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v %v", files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, secret := range []string{"s3cret", "Z2VudDpzM2NyZXQ", "key-gent"} {
		if strings.Contains(text, secret) {
			t.Errorf("the recording has %s", secret)
		}
	}
	var got []recordedExchange
	for line := range strings.Lines(text) {
		var e recordedExchange
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	if len(got) != 4 || got[2].OperationID != "createDossier" || got[2].Status != 201 || got[2].Garbled || got[2].Body == "" || got[2].ResponseBody == "" {
		t.Errorf("%+v", got)
	}
	if last := got[len(got)-1]; !last.Garbled || last.Status != 502 || last.ResponseHeader.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%+v", last)
	}
}

func TestRecordingNeedsADirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{RecordDir: file}); err == nil || !strings.Contains(err.Error(), "recordings") {
		t.Errorf("%v", err)
	}
}
