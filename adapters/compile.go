package adapters

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/strictyaml"
)

// Feed is one kind of export file: how it is recognized and how its rows become
// records. It never changes after loading.
type Feed struct {
	Name string
	// Format names the adapter that reads it.
	Format string
	// Delta: a file holds only what changed.
	Delta bool
	// Required: a set is complete only with this feed.
	Required bool
	// ExpectEvery is how often a file comes; 0 is not watched.
	ExpectEvery time.Duration
	// Done: a file is whole only once NAME.done lies beside it.
	Done bool
	// Encoding and Separator as in the profile; "auto" is detected. A tab is
	// "\t".
	Encoding, Separator string
	// HeaderRow is the row number of the header, 0 for the first that isn't
	// blank.
	HeaderRow int

	patterns   []namePattern
	known      map[string]bool // every header it uses, folded
	totals     *totals
	skip, keep []condition
	deleted    *condition
	records    []recordRule
}

type totals struct {
	startsWith string // folded
	column     string // header text, "" = first number in the line
	columnKey  string // the same, folded
	optional   bool
}

type condition struct {
	column string
	key    string          // column, folded
	in     map[string]bool // folded
	filled *bool
}

type recordRule struct {
	kind   string
	key    []string
	when   []condition
	fields []fieldRule
}

type fieldRule struct {
	name      string
	typ       string
	columns   []string // header, then aliases; none for const and flags
	keys      []string // columns, folded: a row pays for a map look-up only
	optional  bool
	dates     []dateFormat
	decimal   string
	empty     map[string]bool // folded
	codes     map[string]string
	codeList  string // the accepted texts, for the hint
	yes, no   map[string]bool
	separator string
	flags     []flagRule
	whenEmpty any
	constant  any
}

type flagRule struct{ code, column, key string }

// Match says whether a file name belongs to the feed, and which day its name
// gives; dated is false when the pattern holds no date.
func (f *Feed) Match(name string) (snapshot time.Time, dated, ok bool) {
	for _, p := range f.patterns {
		if snapshot, dated, ok = p.matches(name); ok {
			return snapshot, dated, true
		}
	}
	return time.Time{}, false, false
}

// Patterns are the file name patterns, for messages.
func (f *Feed) Patterns() []string {
	texts := make([]string, len(f.patterns))
	for i, p := range f.patterns {
		texts[i] = p.text
	}
	return texts
}

// Columns lists every header that the feed uses, aliases included.
func (f *Feed) Columns() []string {
	var all []string
	for _, r := range f.records {
		for _, field := range r.fields {
			all = append(all, field.columns...)
			for _, flag := range field.flags {
				all = append(all, flag.column)
			}
		}
	}
	for _, c := range f.conditions() {
		all = append(all, c.column)
	}
	if f.totals != nil && f.totals.column != "" {
		all = append(all, f.totals.column)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Unmapped is a field that a record of a feed has to have, and that its profile gives from nowhere.
type Unmapped struct {
	At    string // where the record stands in the profile
	Kind  string
	Field string
}

// Unmapped lists by record the fields, of those that required names for its kind, that no column, const or flags gives:
// no such record can be taken. Loading doesn't refuse them, as which are required is for the schemas to say.
func (p *Profile) Unmapped(f *Feed, required func(kind string) []string) []Unmapped {
	var all []Unmapped
	for i, r := range f.records {
		for _, name := range required(r.kind) {
			if !slices.ContainsFunc(r.fields, func(f fieldRule) bool { return f.name == name }) {
				all = append(all, Unmapped{At: fmt.Sprintf("feeds[%d].records[%d]", slices.Index(p.Feeds, f), i), Kind: r.kind, Field: name})
			}
		}
	}
	return all
}

// Knows says whether the feed uses a column of this header text.
func (f *Feed) Knows(header string) bool { return f.known[fold(header)] }

func (f *Feed) conditions() []condition {
	all := slices.Concat(f.skip, f.keep)
	if f.deleted != nil {
		all = append(all, *f.deleted)
	}
	for _, r := range f.records {
		all = append(all, r.when...)
	}
	return all
}

// compiler gathers issues while it turns the YAML into rules.
type compiler struct {
	lines  map[string]int
	issues []ProfileIssue
}

func (c *compiler) add(path, text, suggestion string) {
	c.issues = append(c.issues, ProfileIssue{Line: c.line(path), Path: path, Text: text, Suggestion: suggestion})
}

// line finds the nearest line that is known for a path.
func (c *compiler) line(path string) int {
	for path != "" {
		if line, ok := c.lines[path]; ok {
			return line
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return 0
}

// oneOf checks a word against a closed list; the first is the default.
func (c *compiler) oneOf(path, value string, allowed ...string) string {
	if value == "" {
		return allowed[0]
	}
	if !slices.Contains(allowed, value) {
		c.add(path, "must be one of "+strings.Join(allowed, ", "), strictyaml.Nearest(value, allowed))
	}
	return value
}

func (c *compiler) duration(path, value string, standard time.Duration) time.Duration {
	if value == "" {
		return standard
	}
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		c.add(path, "must be a duration such as 30m or 2h", "")
	}
	return d
}

func (c *compiler) profile(raw profileFile) *Profile {
	p := &Profile{Name: raw.Profile}
	if raw.Profile == "" {
		c.add("profile", "the profile needs a name", "")
	}
	p.Bind = c.oneOf("set.bind", raw.Set.Bind, BindLatest, BindDate, BindWindow)
	p.Wait = c.duration("set.wait", raw.Set.Wait, 2*time.Hour)
	p.Window = c.duration("set.window", raw.Set.Window, 0)
	if (p.Bind == BindWindow) != (raw.Set.Window != "") {
		c.add("set.window", "belongs to bind: window, which needs it", "")
	}
	if len(raw.Feeds) == 0 {
		c.add("feeds", "the profile needs a feed", "")
	}
	names := map[string]bool{}
	required := false
	for i, f := range raw.Feeds {
		path := fmt.Sprintf("feeds[%d]", i)
		if names[f.Name] {
			c.add(path+".name", "is the name of another feed too", "")
		}
		names[f.Name] = true
		required = required || !f.Optional
		p.Feeds = append(p.Feeds, c.feed(path, f, p.Bind))
	}
	if len(raw.Feeds) > 0 && !required {
		c.add("feeds", "all are optional: a set would never be complete", "")
	}
	return p
}

func (c *compiler) feed(path string, raw feedFile, bind string) *Feed {
	f := &Feed{
		Name: raw.Name, Required: !raw.Optional, Done: raw.Done, HeaderRow: raw.HeaderRow,
		Format:      raw.Format,
		Delta:       c.oneOf(path+".delivery", raw.Delivery, Snapshot, Delta) == Delta,
		ExpectEvery: c.duration(path+".expectEvery", raw.ExpectEvery, 0),
		Encoding:    c.oneOf(path+".encoding", strings.ToLower(raw.Encoding), "auto", "utf-8", "windows-1252", "utf-16le", "utf-16be"),
	}
	if f.Format == "" {
		f.Format = "delimited"
	}
	if raw.Name == "" || strings.ContainsAny(raw.Name, "/\\ \t") {
		c.add(path+".name", "must be a word", "")
	}
	if raw.HeaderRow < 0 {
		c.add(path+".headerRow", "counts from 1", "")
	}
	f.Separator = c.separator(path+".separator", raw.Separator)
	f.patterns = c.patterns(path+".files", raw.Files, bind)
	f.totals = c.totals(path+".totals", raw.Totals)
	f.skip = c.conditions(path+".skip", raw.Skip)
	f.keep = c.conditions(path+".keep", raw.Keep)
	if raw.Deleted != nil {
		one := c.condition(path+".deleted", *raw.Deleted)
		f.deleted = &one
	}
	c.formats(path+".dates", raw.Dates) // where a wrong one stands, and once: the fields take them over
	if len(raw.Records) == 0 {
		c.add(path+".records", "the feed makes no records", "")
	}
	for i, r := range raw.Records {
		f.records = append(f.records, c.record(fmt.Sprintf("%s.records[%d]", path, i), r, raw))
	}
	f.known = foldSet(f.Columns())
	return f
}

func (c *compiler) separator(path, value string) string {
	switch value {
	case "", "auto":
		return "auto"
	case "tab", "\t":
		return "\t"
	}
	return c.oneOf(path, value, "auto", ";", ",", "|", "tab")
}

func (c *compiler) patterns(path string, texts []string, bind string) []namePattern {
	if len(texts) == 0 {
		c.add(path, "the feed needs a file name pattern", "")
	}
	var all []namePattern
	for i, text := range texts {
		p, err := parsePattern(text)
		at := fmt.Sprintf("%s[%d]", path, i)
		if err != nil {
			c.add(at, err.Error(), "")
			continue
		}
		if bind == BindDate && p.date == nil {
			c.add(at, "bind: date needs the date in the name, such as {date:yyyymmdd}", "")
		}
		all = append(all, p)
	}
	return all
}

func (c *compiler) totals(path string, raw *totalsFile) *totals {
	if raw == nil {
		return nil
	}
	if fold(raw.StartsWith) == "" {
		c.add(path+".startsWith", "must say how the line begins", "")
	}
	return &totals{startsWith: fold(raw.StartsWith), column: raw.Column, columnKey: fold(raw.Column), optional: raw.Optional}
}

func (c *compiler) conditions(path string, raw []conditionFile) []condition {
	all := make([]condition, len(raw))
	for i, r := range raw {
		all[i] = c.condition(fmt.Sprintf("%s[%d]", path, i), r)
	}
	return all
}

func (c *compiler) condition(path string, raw conditionFile) condition {
	if raw.Column == "" {
		c.add(path+".column", "the condition needs a column", "")
	}
	if (raw.In == nil) == (raw.Filled == nil) {
		c.add(path, "the condition needs either in or filled", "")
	}
	return condition{column: raw.Column, key: fold(raw.Column), in: foldSet(raw.In), filled: raw.Filled}
}

func (c *compiler) record(path string, raw recordFile, feed feedFile) recordRule {
	r := recordRule{kind: raw.Kind, key: raw.Key, when: c.conditions(path+".when", raw.When)}
	types := fieldTypes(raw.Kind)
	if types == nil {
		c.add(path+".kind", "must be one of "+strings.Join(Kinds(), ", "), strictyaml.Nearest(raw.Kind, Kinds()))
		return r
	}
	if _, ok := raw.Fields[ClientNumber]; !ok {
		c.add(path+".fields", "every record maps "+ClientNumber, "")
	}
	c.key(path+".key", raw)
	for _, name := range slices.Sorted(maps.Keys(raw.Fields)) {
		at := path + ".fields." + name
		typ, known := types[name]
		if !known {
			c.add(at, "no field of "+raw.Kind, strictyaml.Nearest(name, slices.Sorted(maps.Keys(types))))
			continue
		}
		c.values(at, raw.Fields[name], Codes(raw.Kind, name))
		r.fields = append(r.fields, c.field(at, name, typ, raw.Fields[name], feed))
	}
	return r
}

func (c *compiler) key(path string, raw recordFile) {
	if len(raw.Key) == 0 {
		c.add(path, "must name the fields that tell two records apart", "")
	}
	if raw.Kind == KindClient && len(raw.Key) > 0 && !slices.Equal(raw.Key, []string{ClientNumber}) {
		c.add(path, "must be ["+ClientNumber+"]: a client is its number, and two records of one contradict each other", "")
	}
	for i, name := range raw.Key {
		if _, ok := raw.Fields[name]; !ok {
			c.add(fmt.Sprintf("%s[%d]", path, i), "is not among the fields", strictyaml.Nearest(name, slices.Sorted(maps.Keys(raw.Fields))))
		}
	}
}

func (c *compiler) field(path, name, typ string, raw fieldFile, feed feedFile) fieldRule {
	f := fieldRule{name: name, typ: typ, optional: raw.Optional, separator: raw.Separator, constant: raw.Const}
	f.decimal = c.oneOf(path+".decimal", first(raw.Decimal, feed.Decimal), "auto", "comma", "point")
	f.empty = foldSet(slices.Concat(feed.Empty, raw.Empty))
	if f.separator == "" {
		f.separator = ","
	}
	if raw.Type != "" && raw.Type != typ {
		c.add(path+".type", "the type of this field is "+typ, "")
	}
	c.origin(path, typ, raw)
	if raw.Column != "" {
		f.columns = append([]string{raw.Column}, raw.Aliases...)
		for _, column := range f.columns {
			f.keys = append(f.keys, fold(column))
		}
	}
	c.options(path, typ, raw)
	if typ == TypeDate {
		f.dates = c.dates(path+".dates", raw.Dates, feed.Dates)
	}
	f.codes, f.codeList = c.codes(path+".codes", raw.Codes)
	f.yes, f.no = c.yesNo(path, raw)
	for _, code := range slices.Sorted(maps.Keys(raw.Flags)) {
		f.flags = append(f.flags, flagRule{code: code, column: raw.Flags[code], key: fold(raw.Flags[code])})
	}
	f.constant = c.value(path+".const", typ, raw.Const)
	f.whenEmpty = c.value(path+".whenEmpty", typ, raw.WhenEmpty)
	return f
}

// origin checks that a field comes from one place.
func (c *compiler) origin(path, typ string, raw fieldFile) {
	places := 0
	for _, given := range []bool{raw.Column != "", raw.Const != nil, raw.Flags != nil} {
		if given {
			places++
		}
	}
	if places != 1 {
		c.add(path, "needs one of column, const, flags", "")
	}
	if raw.Column == "" && raw.Aliases != nil {
		c.add(path+".aliases", "belongs to column", "")
	}
	if raw.Flags != nil && typ != TypeList {
		c.add(path+".flags", "makes a list, this field is "+typ, "")
	}
	for code, column := range raw.Flags {
		if column == "" {
			c.add(path+".flags."+code, "needs a column", "")
		}
	}
}

// options refuses settings that would have no effect: they are mistakes.
func (c *compiler) options(path, typ string, raw fieldFile) {
	for _, o := range []struct {
		key   string
		given bool
		fits  bool
	}{
		{"dates", raw.Dates != nil, typ == TypeDate},
		{"decimal", raw.Decimal != "", typ == TypeDecimal || typ == TypeInteger},
		{"codes", raw.Codes != nil, typ == TypeCode || typ == TypeList || typ == TypeText},
		{"true", raw.True != nil, typ == TypeBoolean || raw.Flags != nil},
		{"false", raw.False != nil, typ == TypeBoolean || raw.Flags != nil},
		{"separator", raw.Separator != "", typ == TypeList && raw.Flags == nil},
	} {
		if o.given && !o.fits {
			c.add(path+"."+o.key, "has no meaning for a field of type "+typ, "")
		}
	}
}

// dates are the formats of a field: its own, else the feed's, of which a wrong one is told at the feed.
func (c *compiler) dates(path string, own, feeds []string) []dateFormat {
	if own != nil {
		return c.formats(path, own)
	}
	if feeds == nil {
		feeds = []string{"d/m/yyyy", "yyyy-mm-dd", "d-m-yyyy", "d.m.yyyy"}
	}
	return (&compiler{}).formats("", feeds)
}

func (c *compiler) formats(path string, texts []string) []dateFormat {
	var all []dateFormat
	for i, text := range texts {
		f, err := parseDateFormat(text)
		if err != nil {
			c.add(fmt.Sprintf("%s[%d]", path, i), err.Error(), "")
			continue
		}
		all = append(all, f)
	}
	return all
}

func (c *compiler) codes(path string, raw map[string]string) (map[string]string, string) {
	if raw == nil {
		return nil, ""
	}
	codes := make(map[string]string, len(raw))
	texts := slices.Sorted(maps.Keys(raw))
	for _, text := range texts {
		key := fold(text)
		if other, twice := codes[key]; twice && other != raw[text] {
			c.add(path+"."+text, "differs from another code only by case or accents", "")
		}
		codes[key] = raw[text]
	}
	return codes, strings.Join(texts, ", ")
}

// values refuses what no cell could be right with: one of our codes that the field doesn't take. "" means nothing.
func (c *compiler) values(path string, raw fieldFile, takes []string) {
	if takes == nil {
		return
	}
	check := func(at string, value any) {
		if text, ok := value.(string); ok && text != "" && !slices.Contains(takes, text) {
			c.add(at, "must be one of "+strings.Join(takes, ", "), "")
		}
	}
	for _, text := range slices.Sorted(maps.Keys(raw.Codes)) {
		check(path+".codes."+text, raw.Codes[text])
	}
	for _, code := range slices.Sorted(maps.Keys(raw.Flags)) {
		check(path+".flags."+code, code)
	}
	check(path+".const", raw.Const)
	check(path+".whenEmpty", raw.WhenEmpty)
}

// yesNo gives the texts for true and false. The defaults are assumptions about
// Flemish exports; the profile's own list replaces them.
func (c *compiler) yesNo(path string, raw fieldFile) (yes, no map[string]bool) {
	yes, no = foldSet(raw.True), foldSet(raw.False)
	if raw.True == nil {
		yes = foldSet([]string{"ja", "j", "waar", "true", "yes", "y", "1", "x"})
	}
	if raw.False == nil {
		no = foldSet([]string{"nee", "neen", "n", "onwaar", "false", "no", "0"})
		maps.DeleteFunc(no, func(text string, _ bool) bool { return yes[text] })
	}
	for text := range no {
		if yes[text] {
			c.add(path+".false", "a text can't mean both yes and no", "")
			break
		}
	}
	return yes, no
}

// value checks a const or whenEmpty against the field's type and normalizes it.
func (c *compiler) value(path, typ string, v any) any {
	fits := true
	switch x := v.(type) {
	case nil:
		return nil
	case bool:
		fits = typ == TypeBoolean
	case string:
		fits = typ != TypeBoolean && typ != TypeDecimal && typ != TypeInteger && typ != TypeList
		if typ == TypeDate {
			_, err := time.Parse(time.DateOnly, x)
			fits = err == nil
		}
	case uint64, int64, float64:
		fits = typ == TypeDecimal || typ == TypeInteger
		v = json.Number(fmt.Sprint(x))
	default:
		fits = false
	}
	if !fits {
		c.add(path, "is no value of type "+typ, "")
	}
	return v
}

func foldSet(texts []string) map[string]bool {
	set := make(map[string]bool, len(texts))
	for _, t := range texts {
		set[fold(t)] = true
	}
	return set
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
