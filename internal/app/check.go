package app

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/adapters/delimited"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/internal/ledger/sqlite"
	"github.com/mlpsync/mlpsync/internal/seal"
	"github.com/mlpsync/mlpsync/internal/wholefile"
	"github.com/mlpsync/mlpsync/schemas/ocmw"
)

// formats are the readers by the name that a profile gives them.
func formats() map[string]adapters.Format {
	return map[string]adapters.Format{"delimited": delimited.New(adapters.DefaultLimits())}
}

func opener(path string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return os.Open(path) }
}

// loadProfile reads a column profile.
func loadProfile(path string) (*adapters.Profile, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &Hinted{Err: fmt.Errorf("the profile %s can't be read: %w", path, Plain(err)), Next: "check ocmws[].profile in the configuration and the rights of the file"}
	}
	profile, err := adapters.LoadProfile(data)
	if err != nil {
		return nil, misuse(fmt.Errorf("%s: %w", filepath.Base(path), err), "mend the profile; examples/profile.yaml shows every key in use")
	}
	return profile, nil
}

// loadKeys reads the key file; in environment test it is made when missing, unless a state needs the one that is lost.
func loadKeys(c *config.Config) (*seal.Keys, error) {
	if keyIsToBeMade(c) {
		if err := MakeKey(c.KeyFile); err != nil && !errors.Is(err, os.ErrExist) { // another process may have been first
			return nil, err
		}
	}
	return readKeys(c)
}

// keyIsToBeMade looks for the state first: who makes both makes the keys first.
func keyIsToBeMade(c *config.Config) bool {
	if c.Environment != config.Test || hasState(c) {
		return false
	}
	_, err := os.Stat(c.KeyFile)
	return errors.Is(err, os.ErrNotExist)
}

// hasState tells whether a ledger was made: it is there, or what SQLite or mlpsync put beside it. A folder that can't be
// looked at is taken to hold one.
func hasState(c *config.Config) bool {
	entries, err := os.ReadDir(c.StateDir)
	if err != nil {
		info, unseen := os.Stat(c.StateDir)
		return !errors.Is(err, os.ErrNotExist) && (unseen != nil || info.IsDir())
	}
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), filepath.Base(ledgerPath(c))) })
}

// readKeys reads the key file and never makes one.
func readKeys(c *config.Config) (*seal.Keys, error) {
	state := hasState(c)
	data, err := os.ReadFile(c.KeyFile)
	if err != nil {
		return nil, unreadKeys(c, state, err)
	}
	keys, err := seal.ParseKeyFile(data)
	if err != nil {
		return nil, &Hinted{Err: fmt.Errorf("the key file %s is damaged: %w", c.KeyFile, err), Next: "restore it from your secrets"}
	}
	return keys, nil
}

func unreadKeys(c *config.Config, state bool, err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist) && state:
		return &Hinted{Err: fmt.Errorf("the key file %s is not there, and without it the state in %s can't be read", c.KeyFile, c.StateDir),
			Next: "restore it from your secrets, or mend keyFile in the configuration; a new key can't read this state. If the key is lost for good, move the state directory away, make a key with \"mlpsync config key FILE\" and begin anew, as at a first start"}
	case errors.Is(err, os.ErrNotExist):
		return &Hinted{Err: fmt.Errorf("the key file %s is not there", c.KeyFile),
			Next: "check keyFile in the configuration; for a new installation make one with \"mlpsync config key FILE\", else restore it from your secrets"}
	}
	return &Hinted{Err: fmt.Errorf("the key file %s can't be read: %w", c.KeyFile, Plain(err)),
		Next: "check keyFile in the configuration, and the rights of the file and its folder: the user that mlpsync runs as must be able to read it"}
}

// MakeKey writes a new key file that only its owner can read. An existing file is never overwritten:
// the ledger could no longer be read.
func MakeKey(path string) error {
	content, err := seal.Generate(rand.Reader)
	if err != nil {
		return fmt.Errorf("make keys: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make folder of the key file: %w", err)
	}
	// Whole from its first moment, as another process may be waiting to read it.
	if err := wholefile.Write(path, "key", content, 0o600, wholefile.Name); err != nil {
		return &Hinted{Err: fmt.Errorf("the key file %s can't be made: %w", path, Plain(err)), Next: "an existing one is never overwritten; choose another path, and check the rights of the folder"}
	}
	return nil
}

// CheckItem is one thing that config check looked at. A warning is OK: it stops nothing.
type CheckItem struct {
	What    string `json:"what"`
	OK      bool   `json:"ok"`
	Warning bool   `json:"warning,omitempty"`
	Text    string `json:"text"`
	Hint    string `json:"hint,omitempty"`
}

// Check looks at everything that a valid configuration names, and changes
// nothing.
func Check(c *config.Config, getenv func(string) string) []CheckItem {
	var l checkList
	l.keyFile(c)
	l.add("stateDir", folderParent(c.StateDir), "is there, or can be made")
	if c.MLP.CAFile != "" {
		l.add("mlp.caFile", authority(c.MLP.CAFile), "holds certificates")
	}
	for i, o := range c.OCMWs {
		l.ocmw(fmt.Sprintf("ocmws[%d]", i), o, getenv)
	}
	return l
}

// authority tells whether a file holds certificates to trust; none is named by an empty path.
func authority(path string) error {
	if path == "" {
		return nil
	}
	data, err := os.ReadFile(path)
	switch {
	case err != nil:
		return &Hinted{Err: fmt.Errorf("%s can't be read: %w", path, Plain(err)), Next: "check mlp.caFile in the configuration and the rights of the file"}
	case !x509.NewCertPool().AppendCertsFromPEM(data):
		return misuse(fmt.Errorf("%s holds no certificate in PEM form", path), "mlp.caFile is to name the file of your authority's certificate, which begins with -----BEGIN CERTIFICATE-----")
	}
	return nil
}

type checkList []CheckItem

func (l *checkList) add(what string, err error, fine string) {
	item := CheckItem{What: what, OK: err == nil, Text: fine}
	if err != nil {
		item.Text, item.Hint = err.Error(), hintIn(err, "")
	}
	*l = append(*l, item)
}

// private warns of a file that anyone can read.
func (l *checkList) private(what, path string) {
	if path != "" && openToOthers(path) {
		*l = append(*l, CheckItem{What: what, OK: true, Warning: true, Text: "every user of this machine can read " + path + ": take that right away (chmod o= FILE)"})
	}
}

func (l *checkList) keyFile(c *config.Config) {
	if keyIsToBeMade(c) {
		l.add("keyFile", nil, "is made at the first start (environment test)")
		return
	}
	keys, err := readKeys(c)
	if err == nil && hasState(c) {
		err = keysFit(c, keys)
	}
	l.add("keyFile", err, "can be read")
	l.private("keyFile", c.KeyFile)
}

// keysFit asks the state that is there whether it was written with these keys. What else is wrong with it, "state check" says.
func keysFit(c *config.Config, keys *seal.Keys) error {
	store, err := sqlite.Open(context.Background(), sqlite.Options{Path: ledgerPath(c), Keys: keys, ReadOnly: true, Zone: Zone()})
	switch {
	case errors.Is(err, sqlite.ErrWrongKeys):
		return &Hinted{Err: fmt.Errorf("the key file %s is not the one that the state in %s was written with", c.KeyFile, c.StateDir),
			Next: "restore the key file that belongs to this state directory; without it nothing in it can be read"}
	case err != nil:
		return nil
	}
	return store.Close()
}

func (l *checkList) ocmw(at string, o config.OCMW, getenv func(string) string) {
	l.profile(at+".profile", o.Profile)
	l.add(at+".inbox", dropFolder(o.Inbox), "is a folder in which files can be taken")
	if o.Documents != "" {
		l.add(at+".documents", folder(o.Documents), "is a folder")
	}
	l.add(at+".reports", folderParent(o.Reports), "is there, or can be made")
	l.secret(at+".credentials.clientSecret", o.Credentials.ClientSecret, getenv)
	l.secret(at+".credentials.apiKey", o.Credentials.APIKey, getenv)
}

// profile looks too for what loading lets pass: a required field that no column gives, so that each of those rows is refused.
func (l *checkList) profile(what, path string) {
	profile, err := loadProfile(path)
	var decoder *ocmw.Decoder
	if err == nil {
		decoder, err = ocmw.New()
	}
	if err != nil {
		l.add(what, err, "")
		return
	}
	lacks := false
	for _, feed := range profile.Feeds {
		for _, u := range profile.Unmapped(feed, decoder.Required) {
			m := unmappedMessage(u, decoder.Title(u.Kind, u.Field))
			l.add(what, &Hinted{Err: fmt.Errorf("%s: feed %s: %s", filepath.Base(path), feed.Name, m.ReasonEN), Next: m.HintEN}, "")
			lacks = true
		}
	}
	if !lacks {
		l.add(what, nil, "is valid")
	}
}

func (l *checkList) secret(what string, s config.Secret, getenv func(string) string) {
	_, err := s.Read(getenv)
	l.add(what, err, "is there")
	l.private(what, s.File)
}

func folder(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return &Hinted{Err: fmt.Errorf("%s: %w", path, Plain(err)), Next: "make the folder, with rights for the user that mlpsync runs as, or correct its path"}
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", path)
	}
	return nil
}

// dropFolder tells whether files can be taken from a folder: each is renamed, and removed when it is claimed.
func dropFolder(path string) error {
	if err := folder(path); err != nil {
		return err
	}
	return mayFill(path)
}

// folderParent tells whether a folder is there and can be written in, or the nearest folder above it in which it can
// be made.
func folderParent(path string) error {
	for {
		err := folder(path)
		if err == nil {
			return mayFill(path)
		}
		up := filepath.Dir(path)
		if !errors.Is(err, os.ErrNotExist) || up == path {
			return err
		}
		path = up
	}
}

// Plain drops the path from a file system error: what is said before it says which it is.
func Plain(err error) error {
	var path *os.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
