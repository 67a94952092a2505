package ocmw

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
)

// number is what a decimal may look like: an exponent would let a few bytes ask
// for a number of a billion digits.
var number = regexp.MustCompile(`^-?[0-9]{1,12}(\.[0-9]{1,12})?$`)

// plain keeps the values that the schema can look at, and refuses the others. The order of the fields is all the same: what is
// said is sorted at the end.
func (c *check) plain() {
	c.fields = c.in.Fields
	copied := false // most records have nothing to change
	for field, given := range c.in.Fields {
		value := c.plainValue(field, given)
		if value != nil && !isFloat(given) {
			continue
		}
		if !copied {
			c.fields, copied = maps.Clone(c.in.Fields), true
		}
		if value == nil {
			delete(c.fields, field)
		} else {
			c.fields[field] = value
		}
	}
}

func isFloat(value any) bool { _, is := value.(float64); return is }

// plainValue is what the schema looks at; nil when there is nothing, or it is refused. A field that
// this kind doesn't have is refused whatever its value: its name can be anything, so nothing else says it.
func (c *check) plainValue(field string, value any) any {
	if _, known := c.kind.order[field]; !known {
		if value != nil {
			c.refuse(safeName(field), RuleUnknown, unknownTexts())
		}
		return nil
	}
	if n, isFloat := value.(float64); isFloat && !math.IsNaN(n) && !math.IsInf(n, 0) {
		value = json.Number(strconv.FormatFloat(n, 'f', -1, 64))
	}
	switch v := value.(type) {
	case nil: // absent, as an empty cell is
		return nil
	case string, bool:
		return value
	case json.Number:
		if number.MatchString(string(v)) {
			return value
		}
		c.refuse(field, RuleRange, rangeTexts(c.title(field), c.described(field), c.property(field)))
		return nil
	case []any:
		if allText(v) {
			return value
		}
	}
	c.refuse(field, RuleType, typeTexts(c.title(field), c.property(field)))
	return nil
}

func allText(list []any) bool {
	return !slices.ContainsFunc(list, func(v any) bool { _, isText := v.(string); return !isText })
}

// presence says each field that is missing.
func (c *check) presence() {
	for _, field := range c.kind.schema.Required {
		if _, given := c.fields[field]; !given && !c.refused[field] {
			c.refuse(field, RuleRequired, c.missingTexts(field))
		}
	}
}

// safeName is a field's name as long as it can't be anything else.
func safeName(field string) string {
	if len(field) > 40 || strings.ContainsFunc(field, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') }) {
		return ""
	}
	return field
}

func (c *check) missingTexts(field string) texts {
	column, mapped := c.in.Prov.Columns[field]
	return requiredTexts(c.title(field), column, mapped)
}

// values lets the schema judge every value there is.
func (c *check) values() {
	if c.kind.quick.Accepts(c.fields) {
		return
	}
	err := c.kind.schema.Validate(c.fields)
	var invalid *jsonschema.ValidationError
	if err == nil {
		return
	}
	if !errors.As(err, &invalid) {
		// A kind of value that plain let through and the library doesn't know.
		c.refuse("", RuleType, typeTexts("", nil))
		return
	}
	for _, leaf := range leaves(invalid) {
		c.violation(leaf)
	}
}

func leaves(err *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(err.Causes) == 0 {
		return []*jsonschema.ValidationError{err}
	}
	var all []*jsonschema.ValidationError
	for _, cause := range err.Causes {
		all = append(all, leaves(cause)...)
	}
	return all
}

// violation turns what the library found into what a caseworker reads. Only the
// keyword and the place are looked at: the library's message holds the value.
func (c *check) violation(leaf *jsonschema.ValidationError) {
	field, _, _ := strings.Cut(strings.TrimPrefix(leaf.InstanceLocation, "/"), "/")
	path := strings.Split(leaf.KeywordLocation, "/")
	if i := slices.Index(path, identifierKeyword); i >= 0 && len(path) == i+3 {
		kind, code := path[i+1], ident.Code(path[i+2])
		c.refuse(field, kind+"."+string(code), identifierTexts(c.title(field), kind, code))
		return
	}
	title, property := c.title(field), c.property(field)
	switch path[len(path)-1] {
	case "required", "additionalProperties":
		// Said by presence, with the column that was expected.
	case "type":
		c.refuse(field, RuleType, typeTexts(title, property))
	case "enum":
		c.refuse(field, RuleEnum, enumTexts(title, property))
	case "format":
		c.refuse(field, RuleDate, dateTexts(title))
	case "maxLength":
		c.refuse(field, RuleLength, lengthTexts(title, property))
	case "maxItems":
		c.refuse(field, RuleLength, lengthTexts(title, property))
	case "uniqueItems":
		c.refuse(field, RuleDoubled, doubledTexts(title))
	case "exclusiveMinimum", "maximum":
		c.refuse(field, RuleRange, rangeTexts(title, c.described(field), property))
	default: // pattern
		c.refuse(field, RulePattern, patternTexts(title, c.described(field), property))
	}
}

// property is a field's schema, past a reference; nil when the kind has no such
// field.
func (c *check) property(field string) *jsonschema.Schema { return c.kind.property(field) }

func (k *kindSchema) property(field string) *jsonschema.Schema {
	property := k.schema.Properties[field]
	for property != nil && property.Ref != nil {
		property = property.Ref
	}
	return property
}

// title is what a caseworker calls the field.
func (c *check) title(field string) string {
	if property := c.kind.schema.Properties[field]; property != nil {
		return property.Title
	}
	return safeName(field)
}

func (c *check) described(field string) string {
	if property := c.kind.schema.Properties[field]; property != nil {
		return property.Description
	}
	return ""
}

// identifiers are those of the record, read.
type identifiers struct {
	insz ident.INSZ
	kbo  ident.KBO
	nis  ident.NIS
}

// numbers reads the identifiers that the schema found valid, and says what was
// made of them.
func (c *check) numbers() {
	if text, given := c.good("insz"); given {
		c.readINSZ(text)
	}
	if text, given := c.good("employerKbo"); given {
		kbo, err := ident.ParseKBO(text)
		if err == nil && len(kbo) > digits(text) {
			c.warn("employerKbo", WarnRestoredKBO, restoredTexts(c.title("employerKbo")))
		}
		c.ids.kbo = kbo
	}
	if text, given := c.good("nisCode"); given {
		c.ids.nis, _ = ident.ParseNIS(text) // the schema has read it already
	}
}

// good is a text field that is there and was not refused.
func (c *check) good(field string) (string, bool) {
	text, isText := c.fields[field].(string)
	_, known := c.kind.order[field]
	return text, isText && known && !c.refused[field]
}

func (c *check) readINSZ(text string) {
	reading, err := ident.ParseINSZ(text)
	if err != nil {
		return // the schema has said so
	}
	title := c.title("insz")
	c.ids.insz = reading.INSZ
	switch {
	case reading.INSZ.IsTest() && !c.in.AllowTestNumbers:
		c.refuse("insz", RuleTestNumber, testNumberTexts(title))
	case !reading.INSZ.IsTest() && c.in.OnlyTestNumbers:
		c.refuse("insz", RuleRealNumber, realNumberTexts(title))
	}
	if reading.RestoredZeros > 0 {
		c.warn("insz", WarnRestoredZeros, restoredTexts(title))
	}
	if reading.Doubtful != "" {
		c.warn("insz", WarnDoubtful, doubtfulTexts(title, reading.Doubtful))
	}
}

func digits(text string) int {
	n := 0
	for _, r := range text {
		if r >= '0' && r <= '9' {
			n++
		}
	}
	return n
}

func codeOf(err error) ident.Code {
	var wrong *ident.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &wrong):
		return wrong.Code
	}
	return ident.CodeCheck
}

// date is a date field that is there and was not refused; else zero.
func (c *check) date(field string) casefile.Date {
	text, given := c.good(field)
	if !given || c.property(field).Format != "date" {
		return ""
	}
	day, err := casefile.ParseDate(text)
	if err != nil {
		return "" // the schema has said so
	}
	return day
}
