// Package config is the configuration of mlpsync: a plain struct, decoded
// strictly, validated as a whole.
//
// It guarantees that an unknown key is an error with its line and a
// suggestion, that Validate names every problem with its key path, and that no
// secret stands in the file: secrets are named by file or environment
// variable and read when they are needed. It opens nothing else and changes
// nothing. The command line loads it; internal/app wires from it.
package config

import (
	"slices"
	"time"

	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/strictyaml"
)

// Environment says what the installation is for.
type Environment string

// The environments. Only Test takes http:// off loopback, test numbers
// (TST) and a clock of its own, and it refuses real numbers.
const (
	Test       Environment = "test"
	Acceptance Environment = "acceptance"
	Production Environment = "production"
)

// Config is the whole configuration.
type Config struct {
	// Environment is required: test, acceptance or production.
	Environment Environment `yaml:"environment"`
	// Today is the civil date (yyyy-MM-dd) on which the clock starts at the
	// first start; later starts go on from where the clock was. Only in
	// environment test. Default: the real clock.
	Today string `yaml:"today"`
	// StateDir is the folder for the ledger, claimed files and the lock. Required, absolute
	// or relative to this file. Never on a network share.
	StateDir string `yaml:"stateDir"`
	// KeyFile holds the keys that seal personal data at rest; make one with
	// "mlpsync config key FILE". Keep it outside StateDir and in the backup of
	// secrets. Required; in environment test it is made when it is missing.
	KeyFile string `yaml:"keyFile"`
	// Poll is the time between two cycles of run, longer than 0s. Default 30s.
	Poll Duration `yaml:"poll"`
	// Shutdown is the time that run takes at most to stop, longer than 0s. Default 10s.
	Shutdown Duration `yaml:"shutdown"`

	Log   Log    `yaml:"log"`
	MLP   MLP    `yaml:"mlp"`
	Files Files  `yaml:"files"`
	Guard Guard  `yaml:"guard"`
	OCMWs []OCMW `yaml:"ocmws"`

	dir string // of the configuration file: relative paths start here
}

// Log is how the daemon logs.
type Log struct {
	// Level is trace, debug, info, warn or error. Default info.
	Level string `yaml:"level"`
	// Format is json or text. Default json.
	Format string `yaml:"format"`
}

// MLP is the MLP-compatible API. There is no public MLP API: the contract is
// schemas/mlp/openapi.yaml, and the bundled mock implements it.
type MLP struct {
	// BaseURL ends before the version, for example https://mlp.example. Required.
	BaseURL string `yaml:"baseUrl"`
	// TokenURL gives access tokens. Default: BaseURL + /oauth2/token.
	TokenURL string `yaml:"tokenUrl"`
	// CAFile holds extra root certificates (PEM). Default: those of the system
	// and of the binary.
	CAFile string `yaml:"caFile"`
	// Proxy is the URL of an HTTP proxy. Default: the environment's.
	Proxy string `yaml:"proxy"`
	// Timeout is for one request, longer than 0s. Default 30s.
	Timeout Duration `yaml:"timeout"`
	// RatePerMinute bounds the requests, 1 to 2000. Default 1800; VDAB's house style
	// allows 2000 a minute and endpoint (domain.md section 4).
	RatePerMinute int `yaml:"ratePerMinute"`
	// Workers is how many people are sent for at the same time, 1 to 64. Default 8.
	Workers int `yaml:"workers"`
	// Unsettled is how many answers may wait for the commit that records them while others are sent for, 1 to 1024. A kill
	// leaves as many entries and Workers more in doubt at most. Default 64.
	Unsettled int `yaml:"unsettled"`
	// QuietHours is a part of each day in which nothing is sent; reading and deciding go on.
	// Default: none.
	QuietHours QuietHours `yaml:"quietHours"`
}

// QuietHours are two times of the day (hh:mm, Europe/Brussels). An Until before From is the next
// morning's.
type QuietHours struct {
	From  string `yaml:"from"`
	Until string `yaml:"until"`
}

// Minutes are both since midnight; equal when there are no quiet hours. Validate has seen that they parse.
func (q QuietHours) Minutes() (from, until int) {
	from, _ = minuteOfDay(q.From)
	until, _ = minuteOfDay(q.Until)
	return from, until
}

func minuteOfDay(text string) (int, error) {
	at, err := time.Parse("15:04", text)
	return at.Hour()*60 + at.Minute(), err
}

// Files is how the drop folders are watched.
type Files struct {
	// MinimumAge is how long a file must be untouched before it is taken; it
	// must also be the same in two polls. 0s: the two polls are enough. Default 10s.
	MinimumAge Duration `yaml:"minimumAge"`
	// KeepDays is how long claimed and quarantined files are kept, encrypted, 1 to 3650.
	// Default 30.
	KeepDays int `yaml:"keepDays"`
	// MaxDocumentMiB is how large a PDF that goes to MLP may be, in MiB, 1 to 5. Default 5,
	// the limit of schemas/mlp/openapi.yaml.
	MaxDocumentMiB int `yaml:"maxDocumentMiB"`
}

// Guard holds back a run that would change too much (design decision 10). Zeros stop at everything.
type Guard struct {
	// SharePercent and Clients together: more than this share, of the clients with
	// an accepted row of their own, and more than this number of clients would change. 0 to 100, and 0 or more. Defaults 25 and 20.
	SharePercent int `yaml:"sharePercent"`
	Clients      int `yaml:"clients"`
	// ShrinkPercent and ShrinkRows together: a snapshot lost more than this
	// share and more than this number of rows. 0 to 100, and 0 or more. Defaults 10 and 20.
	ShrinkPercent int `yaml:"shrinkPercent"`
	ShrinkRows    int `yaml:"shrinkRows"`
	// Release lets everything go without a person, said in the log. Only in
	// environment test.
	Release bool `yaml:"release"`
}

// OCMW is one public centre for social welfare that the daemon serves.
type OCMW struct {
	// Name is for logs and pages.
	Name string `yaml:"name"`
	// KBO is its enterprise number. Required.
	KBO string `yaml:"kbo"`
	// NIS is its municipality code, with validity (mergers). At least one.
	NIS []NISPeriod `yaml:"nis"`
	// Inbox is the drop folder. Required.
	Inbox string `yaml:"inbox"`
	// Reports is the folder for the caseworkers' files. Required.
	Reports string `yaml:"reports"`
	// Documents is the folder with the PDFs that the export names: POP, stageplan, reports.
	// It is only read. Default: none; a document of the export is then not sent, and stands on the
	// worklist.
	Documents string `yaml:"documents"`
	// Profile is the column profile of its exports. Required.
	Profile string `yaml:"profile"`
	// DefaultCaseworker acts in MLP where a record names nobody. Required.
	DefaultCaseworker string `yaml:"defaultCaseworker"`
	// HealthDataAgreed: the data protection officer agreed that ground 1 of
	// GLOW, which is health data, travels as a code. Default false: such a
	// handover goes to the worklist.
	HealthDataAgreed bool `yaml:"healthDataAgreed"`
	// Credentials are the OCMW's own for the API.
	Credentials Credentials `yaml:"credentials"`
}

// NISPeriod is a municipality code from a day to a day, both included; empty
// is open.
type NISPeriod struct {
	Code  string `yaml:"code"`
	From  string `yaml:"from"`
	Until string `yaml:"until"`
}

// Credentials name the OCMW's credentials; the secrets themselves stand
// elsewhere.
type Credentials struct {
	// ClientID is the OAuth2 client. Required.
	ClientID string `yaml:"clientId"`
	// ClientSecret and APIKey (sent as X-IBM-Client-Id) are required.
	ClientSecret Secret `yaml:"clientSecret"`
	APIKey       Secret `yaml:"apiKey"`
}

// Secret says where a secret stands: exactly one of the two.
type Secret struct {
	File string `yaml:"file"`
	Env  string `yaml:"env"`
}

// Duration is a span of time, written as 30s, 5m, 2h.
type Duration = strictyaml.Duration

// KBONumber is the parsed KBO; Validate has seen that it parses.
func (o OCMW) KBONumber() ident.KBO {
	kbo, _ := ident.ParseKBO(o.KBO)
	return kbo
}

// NISOn is the municipality code on a day (yyyy-MM-dd); the last one listed
// when no period holds.
func (o OCMW) NISOn(day string) ident.NIS {
	code := ""
	for _, p := range o.NIS {
		code = p.Code
		if (p.From == "" || p.From <= day) && (p.Until == "" || day <= p.Until) {
			break
		}
	}
	nis, _ := ident.ParseNIS(code)
	return nis
}

// Area are all its municipality codes, of whatever day, each once: a client with another
// one has moved.
func (o OCMW) Area() []ident.NIS {
	var area []ident.NIS
	for _, p := range o.NIS {
		nis, err := ident.ParseNIS(p.Code)
		if err == nil && !slices.Contains(area, nis) {
			area = append(area, nis)
		}
	}
	return area
}
