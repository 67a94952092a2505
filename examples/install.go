package examples

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The credentials of the scenario's client at the mock: no secrets.
const (
	ClientSecret = "demo-secret"
	APIKey       = "demo-key"
)

// configuration has a short poll, takes files at once and lets everything past the guard: for tests and measurements.
const configuration = `environment: test
today: %q
stateDir: state
keyFile: keys
poll: 200ms
log: {level: info, format: json}
mlp: {baseUrl: %q, ratePerMinute: 2000, timeout: 5s}
files: {minimumAge: 1ms}
guard: {release: true}
ocmws:
  - name: %s
    kbo: %q
    nis: [{code: %q}]
    inbox: in
    reports: reports
    documents: documents
    profile: profile.yaml
    defaultCaseworker: mw-000
    credentials:
      clientId: mlpsync-demo
      clientSecret: {file: secret.txt}
      apiKey: {file: key.txt}
`

// Install makes dir an installation of the sample's OCMW, on the sample's day, whose MLP is the mock at the URL: mlpsync.yaml
// and what it names, the documents, and an empty drop folder "in". Files of an earlier installation are written again.
func Install(dir, mlp string) error {
	files := map[string]string{
		"mlpsync.yaml": fmt.Sprintf(configuration, Today(), mlp, Name, KBO, NIS),
		"profile.yaml": profile, "secret.txt": ClientSecret + "\n", "key.txt": APIKey + "\n",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return errors.Join(os.MkdirAll(filepath.Join(dir, "in"), 0o700), Copy(filepath.Join(dir, "documents"), Documents()))
}

// Copy writes the files of Export or Documents into a folder, each in one step: under a name that no profile knows, then
// renamed, so that nobody takes half a file.
func Copy(folder string, from fs.FS) error {
	return fs.WalkDir(from, ".", func(name string, entry fs.DirEntry, err error) error {
		to := filepath.Join(folder, filepath.FromSlash(name))
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(to, 0o700)
		}
		content, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(to+".tmp", content, 0o600); err != nil {
			return err
		}
		return os.Rename(to+".tmp", to)
	})
}
