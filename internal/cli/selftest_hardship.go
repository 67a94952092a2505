package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/internal/failpoint"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// What befalls an installation of selftest crash beside the kills, the undisturbed one too: it has the work pass every
// failpoint that a daemon has. Whatever befalls it, in the end MLP holds the same.

// hardships lets MLP fail now and then, in ways after which entries are in doubt, given back or parked, and
// forget the position in its feed; and slows it down, so that there is always something under way. What is refused or unavailable is
// so for some persons, so that a refusal is met whole and the breaker stays closed.
func hardships(m *mockmlp.Mock) error {
	var errs []error
	add := func(f mockmlp.Fault) {
		_, err := m.AddFault(f)
		errs = append(errs, err)
	}
	put := mockmlp.FaultMatch{Method: http.MethodPut}
	seldom := 0.03
	add(mockmlp.Fault{Match: put, Toxicity: &seldom, Times: 30, When: mockmlp.AfterCommit, Fault: mockmlp.FaultReset})
	add(mockmlp.Fault{Match: put, Toxicity: &seldom, Times: 10, Fault: mockmlp.FaultReset})
	// The feed is read a few times in the life of a process.
	often := 0.2
	add(mockmlp.Fault{Match: mockmlp.FaultMatch{OperationID: readsFeed}, Toxicity: &often, Response: mockmlp.FaultResponse{Status: http.StatusGone}})
	const each, shortRetries = 8, 3
	for i, person := range persons(m) {
		put.Person = person
		switch i % each {
		case 0:
			add(mockmlp.Fault{Match: put, Times: shortRetries, Response: mockmlp.FaultResponse{Status: http.StatusServiceUnavailable}})
		case each / 2:
			add(mockmlp.Fault{Match: put, Times: 1, Response: mockmlp.FaultResponse{Status: http.StatusBadRequest}})
		}
	}
	add(mockmlp.Fault{Match: mockmlp.FaultMatch{Method: http.MethodPut}, FixedDelayMilliseconds: 60})
	return errors.Join(errs...)
}

// persons are the INSZ of those who have a dossier, in order.
func persons(m *mockmlp.Mock) []string {
	var all []string
	for _, d := range m.State().Dossiers {
		if ssin, ok := d["ssin"].(string); ok {
			all = append(all, ssin)
		}
	}
	slices.Sort(all)
	return all
}

// harden has the guard wait for a person, who comes (attend), and MLP fail.
func (b *bench) harden() error {
	conf, err := os.ReadFile(b.config())
	if err != nil {
		return err
	}
	b.attended = time.Now()
	conf = bytes.Replace(conf, []byte("guard: {release: true}"), []byte("guard: {release: false}"), 1)
	return errors.Join(os.WriteFile(b.config(), conf, 0o600), hardships(b.mock))
}

// withhold takes the export out of the drop folder again, until it is delivered.
func (b *bench) withhold() error {
	return errors.Join(os.Rename(filepath.Join(b.dir, "in"), filepath.Join(b.dir, "later")), os.Mkdir(filepath.Join(b.dir, "in"), 0o700))
}

// deliver puts it back, but for the file that another takes the place of (outdate).
func (b *bench) deliver() error {
	return fs.WalkDir(os.DirFS(filepath.Join(b.dir, "later")), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == outdated {
			return err
		}
		return os.Rename(filepath.Join(b.dir, "later", path), filepath.Join(b.dir, "in", path))
	})
}

const (
	outdated = "evaluaties_20260315.csv"
	// lacks ends the note that tells that its feed is all that the delivery lacks.
	lacks = "still lacks: evaluations"
)

// outdate has a daemon take one file under a column profile that names another heading than the present one does. With that the
// file can't be read once its set is whole, and has to be set apart; then the person delivers the file anew. It gives the points that
// the daemon passed.
func (b *bench) outdate(ctx context.Context) ([]failpoint.Passed, error) {
	const newer, heading, other = "evaluaties_20260316.csv", "Datum evaluatie", "Evaluatiedatum"
	content, err := fs.ReadFile(examples.Export(), outdated)
	if err != nil {
		return nil, err
	}
	rename := func(text []byte) []byte { return bytes.Replace(text, []byte(heading), []byte(other), 1) }
	profile := filepath.Join(b.dir, "profile.yaml")
	if err := errors.Join(os.WriteFile(profile, rename(examples.Profile()), 0o600), b.drop(newer, rename(content))); err != nil {
		return nil, err
	}
	k, err := startChild(ctx, b.config(), "")
	if err != nil {
		return nil, err
	}
	defer k.kill()
	gone := func() bool {
		_, err := os.Stat(filepath.Join(b.dir, "in", newer))
		return errors.Is(err, fs.ErrNotExist)
	}
	if _, cut, err := await(ctx, k, b, gone); err != nil || !cut {
		return nil, errors.Join(err, k.failed("a file was not taken"))
	}
	k.stop()
	return k.points, os.WriteFile(profile, examples.Profile(), 0o600)
}

// attendEvery is how often the person looks.
const attendEvery = 300 * time.Millisecond

// attend is the person who releases what the guard stops, retries what MLP refused, with the commands of everybody, and delivers
// again the file that was set apart. What fails
// as the daemon was killed meanwhile is tried at the next look.
func (b *bench) attend(ctx context.Context, s standing) {
	if b.attended.IsZero() || s.Stopped+s.Parked+s.Lacking == 0 || time.Since(b.attended) < attendEvery {
		return
	}
	b.attended, b.trouble = time.Now(), nil
	if s.Stopped+s.Parked > 0 {
		b.trouble = b.order(ctx)
	}
	if s.Lacking > 0 {
		err := os.Rename(filepath.Join(b.dir, "later", outdated), filepath.Join(b.dir, "in", outdated))
		if !errors.Is(err, fs.ErrNotExist) { // else it was delivered before
			b.trouble = errors.Join(b.trouble, err)
		}
	}
}

func (b *bench) order(ctx context.Context) (err error) {
	conf, err := config.Load(b.config())
	if err != nil {
		return err
	}
	a, err := app.Open(ctx, app.Options{Config: conf, Mode: app.Beside, Getenv: os.Getenv})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	by := app.Actor{Name: "selftest", Reason: "the self-test looked at it"}
	if _, err := a.GuardRelease(ctx, "", "", by); err != nil && !errors.Is(err, app.ErrNotStopped) {
		return fmt.Errorf("release the guard: %w", err)
	}
	parked, err := a.Queue(ctx, []string{"parked"})
	if err != nil {
		return err
	}
	for _, e := range parked {
		if err := a.Order(ctx, "retry", e.ID, by); err != nil {
			return fmt.Errorf("retry what MLP refused: %w", err)
		}
	}
	return nil
}

// findings counts what "mlpsync state check --deep" finds wrong.
func (b *bench) findings(ctx context.Context) (int, error) {
	conf, err := config.Load(b.config())
	if err != nil {
		return 0, err
	}
	report, err := app.CheckState(ctx, app.Options{Config: conf, Mode: app.Beside, Getenv: os.Getenv}, true)
	if err != nil {
		return 0, fmt.Errorf("check the state: %w", err)
	}
	return report.Findings(), nil
}
