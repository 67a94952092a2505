package config

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/strictyaml"
)

// Error lists everything that is wrong with a configuration.
type Error struct {
	Issues []strictyaml.Issue
}

func (e *Error) Error() string {
	lines := make([]string, len(e.Issues))
	for i, issue := range e.Issues {
		lines[i] = issue.String()
	}
	return "configuration refused: " + strings.Join(lines, "; ")
}

// Load reads a configuration file, fills in the defaults and validates it. The
// error is an *Error when the content is at fault.
func Load(path string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("locate configuration: %w", err)
	}
	return Parse(data, filepath.Dir(abs))
}

// Parse is Load on content; relative paths start at dir.
func Parse(data []byte, dir string) (*Config, error) {
	c := defaults()
	lines, issues := strictyaml.Decode(data, c)
	if len(issues) > 0 {
		return nil, &Error{Issues: issues}
	}
	c.dir = dir
	c.complete()
	issues = c.Validate()
	for i := range issues {
		issues[i].Line = lineOf(lines, issues[i].Path)
	}
	if len(issues) > 0 {
		return nil, &Error{Issues: issues}
	}
	return c, nil
}

// lineOf is the line of a path, or of the nearest one above it.
func lineOf(lines map[string]int, path string) int {
	for path != "" {
		if line, ok := lines[path]; ok {
			return line
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			return 0
		}
		path = path[:cut]
	}
	return 0
}

// defaults are what a file is decoded over: a key that is absent or empty keeps its default, and what is written counts,
// zero too.
func defaults() *Config {
	return &Config{
		Poll: Duration(30 * time.Second), Shutdown: Duration(10 * time.Second),
		Log:   Log{Level: "info", Format: "json"},
		MLP:   MLP{Timeout: Duration(30 * time.Second), RatePerMinute: 1800, Workers: 8, Unsettled: 64},
		Files: Files{MinimumAge: Duration(10 * time.Second), KeepDays: 30, MaxDocumentMiB: 5},
		Guard: Guard{SharePercent: 25, Clients: 20, ShrinkPercent: 10, ShrinkRows: 20},
	}
}

// complete works out what depends on other keys and on where the file stands.
func (c *Config) complete() {
	if c.MLP.TokenURL == "" && c.MLP.BaseURL != "" {
		c.MLP.TokenURL = strings.TrimRight(c.MLP.BaseURL, "/") + "/oauth2/token"
	}
	for _, p := range []*string{&c.StateDir, &c.KeyFile, &c.MLP.CAFile} {
		c.resolve(p)
	}
	for i := range c.OCMWs {
		o := &c.OCMWs[i]
		for _, p := range []*string{&o.Inbox, &o.Reports, &o.Documents, &o.Profile, &o.Credentials.ClientSecret.File, &o.Credentials.APIKey.File} {
			c.resolve(p)
		}
	}
}

// resolve makes a path absolute: a Windows service starts in system32, so no
// path may depend on where the process was started.
func (c *Config) resolve(path *string) {
	if *path != "" && !filepath.IsAbs(*path) && !strings.HasPrefix(*path, `\\`) {
		*path = filepath.Join(c.dir, *path)
	}
}

// checker collects issues.
type checker struct{ issues []strictyaml.Issue }

func (v *checker) add(path, format string, args ...any) {
	v.issues = append(v.issues, strictyaml.Issue{Path: path, Text: fmt.Sprintf(format, args...)})
}

func (v *checker) required(path, value string) bool {
	if value == "" {
		v.add(path, "is required")
	}
	return value != ""
}

func (v *checker) oneOf(path, value string, allowed ...string) {
	for _, a := range allowed {
		if value == a {
			return
		}
	}
	v.issues = append(v.issues, strictyaml.Issue{
		Path: path, Text: "must be one of " + strings.Join(allowed, ", "), Suggestion: strictyaml.Nearest(value, allowed),
	})
}

func (v *checker) between(path string, value, least, most int) {
	if value < least || value > most {
		v.add(path, "must lie between %d and %d", least, most)
	}
}

func (v *checker) notNegative(path string, value int) {
	if value < 0 {
		v.add(path, "must be 0 or more")
	}
}

// positive refuses a time of nothing; a negative one was refused when it was read.
func (v *checker) positive(path string, value, standard Duration) {
	if value <= 0 {
		v.add(path, "must be longer than 0s; leave it out for the default of %s", standard.Std())
	}
}

func (v *checker) day(path, value string) {
	if value == "" {
		return
	}
	if _, err := time.Parse("2006-01-02", value); err != nil {
		v.add(path, "must be a day of the form yyyy-MM-dd")
	}
}

// Validate lists every problem with its key path; none when the configuration
// can be used. Of files it only looks where the names of folders lead: "config check" looks at the rest.
func (c *Config) Validate() []strictyaml.Issue {
	v := &checker{}
	v.oneOf("environment", string(c.Environment), string(Test), string(Acceptance), string(Production))
	v.required("stateDir", c.StateDir)
	v.required("keyFile", c.KeyFile)
	v.positive("poll", c.Poll, defaults().Poll)
	v.positive("shutdown", c.Shutdown, defaults().Shutdown)
	v.oneOf("log.level", c.Log.Level, "trace", "debug", "info", "warn", "error")
	v.oneOf("log.format", c.Log.Format, "json", "text")
	v.day("today", c.Today)
	c.validateTestOnly(v)
	c.validateMLP(v)
	v.between("files.keepDays", c.Files.KeepDays, 1, 3650)
	v.between("files.maxDocumentMiB", c.Files.MaxDocumentMiB, 1, 5)
	c.Guard.validate(v)
	if len(c.OCMWs) == 0 {
		v.add("ocmws", "at least one OCMW is required")
	}
	for i, o := range c.OCMWs {
		o.validate(v, fmt.Sprintf("ocmws[%d]", i))
	}
	c.validateApart(v)
	return v.issues
}

func (c *Config) validateTestOnly(v *checker) {
	if c.Environment == Test {
		return
	}
	if c.Today != "" {
		v.add("today", "is for environment test only")
	}
	if c.Guard.Release {
		v.add("guard.release", "is for environment test only: elsewhere a person releases the guard with \"mlpsync guard release\"")
	}
}

func (c *Config) validateMLP(v *checker) {
	if v.required("mlp.baseUrl", c.MLP.BaseURL) {
		c.validateURL(v, "mlp.baseUrl", c.MLP.BaseURL)
		if strings.HasSuffix(strings.TrimRight(c.MLP.BaseURL, "/"), "/mlp/v1") {
			v.add("mlp.baseUrl", "must end before /mlp/v1, which is put behind it")
		}
		c.validateURL(v, "mlp.tokenUrl", c.MLP.TokenURL)
	}
	v.positive("mlp.timeout", c.MLP.Timeout, defaults().MLP.Timeout)
	v.between("mlp.ratePerMinute", c.MLP.RatePerMinute, 1, 2000)
	v.between("mlp.workers", c.MLP.Workers, 1, 64)
	v.between("mlp.unsettled", c.MLP.Unsettled, 1, 1024)
	c.MLP.QuietHours.validate(v, "mlp.quietHours")
	if c.MLP.Proxy != "" {
		if u, err := url.Parse(c.MLP.Proxy); err != nil || u.Host == "" {
			v.add("mlp.proxy", "must be a URL such as http://proxy.example:3128")
		}
	}
}

// validate takes a limit of zero: everything stops then.
func (g Guard) validate(v *checker) {
	v.between("guard.sharePercent", g.SharePercent, 0, 100)
	v.notNegative("guard.clients", g.Clients)
	v.between("guard.shrinkPercent", g.ShrinkPercent, 0, 100)
	v.notNegative("guard.shrinkRows", g.ShrinkRows)
}

func (q QuietHours) validate(v *checker, at string) {
	if q == (QuietHours{}) {
		return
	}
	for _, key := range [][2]string{{".from", q.From}, {".until", q.Until}} {
		if _, err := minuteOfDay(key[1]); err != nil {
			v.add(at+key[0], "must be a time of the day such as 22:00")
		}
	}
	if q.From == q.Until {
		v.add(at, "must not begin when it ends: leave it out to send at all hours")
	}
}

func (c *Config) validateURL(v *checker, path, raw string) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		v.add(path, "must be a URL that starts with https://")
	case u.User != nil || u.RawQuery != "":
		v.add(path, "must hold no user, password or query")
	case u.Scheme == "http" && c.Environment != Test && !loopback(u.Hostname()):
		v.add(path, "must start with https:// (http:// is for environment test and this machine only)")
	}
}

func loopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

func (o OCMW) validate(v *checker, at string) {
	if v.required(at+".kbo", o.KBO) {
		if _, err := ident.ParseKBO(o.KBO); err != nil {
			v.add(at+".kbo", "is not a valid enterprise number: ten digits, the last two being 97 minus the first eight modulo 97")
		}
	}
	v.required(at+".name", o.Name)
	v.required(at+".inbox", o.Inbox)
	v.required(at+".reports", o.Reports)
	v.required(at+".profile", o.Profile)
	v.required(at+".defaultCaseworker", o.DefaultCaseworker)
	v.required(at+".credentials.clientId", o.Credentials.ClientID)
	o.Credentials.ClientSecret.validate(v, at+".credentials.clientSecret")
	o.Credentials.APIKey.validate(v, at+".credentials.apiKey")
	if len(o.NIS) == 0 {
		v.add(at+".nis", "at least one municipality code is required")
	}
	for j, p := range o.NIS {
		path := fmt.Sprintf("%s.nis[%d]", at, j)
		if _, err := ident.ParseNIS(p.Code); err != nil {
			v.add(path+".code", "must be five digits")
		}
		v.day(path+".from", p.From)
		v.day(path+".until", p.Until)
	}
}

func (s Secret) validate(v *checker, path string) {
	if (s.File == "") == (s.Env == "") {
		v.add(path, "name exactly one of file and env; the secret itself never stands here")
	}
}

// Read is the secret itself. The error names where it was looked for.
func (s Secret) Read(getenv func(string) string) (string, error) {
	if s.Env != "" {
		if value := getenv(s.Env); value != "" {
			return value, nil
		}
		return "", fmt.Errorf("environment variable %s is empty", s.Env)
	}
	data, err := os.ReadFile(s.File)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	value := strings.TrimSpace(string(data))
	if value == "" {
		return "", fmt.Errorf("secret file %s is empty", s.File)
	}
	return value, nil
}
