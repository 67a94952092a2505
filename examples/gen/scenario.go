package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/mlpsync/mlpsync/internal/ident"
)

const scenarioHead = `# What the mock of MLP holds before the sample export arrives. Written by
# go run ./examples/gen; docs/mock.md describes the format. All people are synthetic.
# There is no public MLP API: this is the project's own MLP-compatible one.
clock: "%sT08:00:00+01:00"
clients:
  - {clientId: mlpsync-demo, clientSecret: demo-secret, apiKey: demo-key, name: %s, kboNumber: "%s", nisCodes: ["%s"]}
%sexits:
  default: {mode: before}
  persons:
`

// scenarioYAML is the mock's seed: one dossier a client that has one.
func (w *world) scenarioYAML() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, scenarioHead, today, ocmwName, ocmwKBO, ocmwNIS, w.canceledYAML())
	for _, c := range w.clients {
		if c.seed == nil || c.seed.exit == "" || c.seed.exit == exitBefore {
			continue
		}
		delay := ""
		if c.seed.exit == exitAfter {
			delay = ", delay: 2s"
		}
		fmt.Fprintf(&b, "    - {ssin: %q, mode: %s%s}\n", c.insz, c.seed.exit, delay)
	}
	b.WriteString("dossiers:\n")
	for _, c := range w.clients {
		if c.seed != nil && !c.seed.canceled {
			c.seedYAML(&b)
		}
	}
	return []byte(b.String())
}

// canceledYAML lists the numbers that stand for nobody any more.
func (w *world) canceledYAML() string {
	var numbers []string
	for _, c := range w.clients {
		if c.seed != nil && c.seed.canceled {
			numbers = append(numbers, strconv.Quote(c.insz))
		}
	}
	return "canceledSsins: [" + strings.Join(numbers, ", ") + "]\n"
}

// id is a registration's id in MLP from before the daemon came: no id that the
// daemon would choose.
func (c *client) id(kind string, parts ...string) string {
	return ident.RegistrationID(ocmwKBO, "typed in by hand: "+kind, append([]string{c.number}, parts...)...)
}

func (c *client) seedYAML(b *strings.Builder) {
	s := c.seed
	nis, where := ocmwNIS, city
	if s.elsewhere {
		nis, where = otherNIS, otherCity
	}
	street := c.street
	if s.oldAddress {
		street = "Oude Steenweg " + strconv.Itoa(len(c.last)*3)
	}
	ssin, history := c.insz, ""
	if s.insz != "" {
		ssin, history = s.insz, fmt.Sprintf("    ssinHistory: [%q]\n", c.insz)
	}
	fmt.Fprintf(b, "  - ssin: %q\n%s    nisCode: %q\n    owner: %s\n", ssin, history, nis, s.ownerYAML())
	fmt.Fprintf(b, "    person: {lastName: %q, firstName: %q, birthDate: %q}\n", c.last, c.first, string(c.born))
	fmt.Fprintf(b, "    address: {street: %q, postalCode: %q, city: %q, nisCode: %q}\n", street, postalCode, where, nis)
	fmt.Fprintf(b, "    contactLanguage: %q\n    categories:\n", c.language)
	for i, k := range s.categories {
		c.categoryYAML(b, i, k)
	}
	if s.weo != nil {
		c.courseYAML(b)
	}
}

func (s *seed) ownerYAML() string {
	switch {
	case s.elsewhere:
		return fmt.Sprintf("{kind: ocmw, name: %s, kboNumber: %q}", otherName, otherKBO)
	case s.owner == "ocmw":
		return fmt.Sprintf("{kind: ocmw, name: %s, kboNumber: %q}", ocmwName, ocmwKBO)
	case s.owner == "vdab":
		return "{kind: vdab, name: VDAB}"
	case s.owner == "partner":
		return "{kind: partner, name: Fictieve Jobpartner TIW vzw}"
	default:
		return "{kind: none}"
	}
}

// categoryYAML: each entry was registered the day after it began, in this order. MLP
// names a caseworker only where the OCMW registered.
func (c *client) categoryYAML(b *strings.Builder, i int, k seedCategory) {
	more := ""
	if k.setBy == "ocmw" {
		more = fmt.Sprintf(", caseworker: {id: %q}", c.caseworker)
	}
	if k.linked {
		more += fmt.Sprintf(", employmentId: %q", c.id("employment"))
	}
	fmt.Fprintf(b, "      - {categoryId: %q, code: %q, validFrom: %q, setBy: %s, registeredAt: \"%sT09:%02d:00Z\"%s}\n",
		c.id("category", k.code, string(k.from)), k.code, string(k.from), k.setBy, k.from.plus(1), i, more)
}

func (c *client) courseYAML(b *strings.Builder) {
	s := c.seed
	end := ""
	if s.weo.end != "" {
		end = fmt.Sprintf(", endDate: %q, endReason: %s", string(s.weo.end), endReasonCode(s.weo.reason))
	}
	fmt.Fprintf(b, "    jobTarget: {description: %q}\n    weos:\n", c.target)
	fmt.Fprintf(b, "      - {weoId: %q, startDate: %q%s, counsellor: {id: %q}, caseworker: {id: %q}, registeredAt: \"%sT10:00:00Z\"}\n",
		c.id("weo"), string(s.weo.start), end, c.counsellor, c.caseworker, s.weo.start)
	if s.contract != nil {
		c.employmentYAML(b, s.contract)
	}
}

func (c *client) employmentYAML(b *strings.Builder, k *contract) {
	// Contracts that ended this month: their end isn't in MLP yet.
	end := ""
	if k.end != "" && k.end < "2026-03-01" {
		end = fmt.Sprintf(", endDate: %q", string(k.end))
	}
	var regimes []string
	for _, r := range k.regimes {
		code, hours := "fullTime", "38"
		if r.name == partTime {
			code, hours = "partTime", "19.5"
		}
		regimes = append(regimes, fmt.Sprintf("{validFrom: %q, regime: %s, hoursPerWeek: %s}", string(r.from), code, hours))
	}
	kbo := strings.ReplaceAll(k.employer.kbo, ".", "")
	fmt.Fprintf(b, "    employments:\n      - {employmentId: %q, weoId: %q, startDate: %q%s, workRegimes: [%s]",
		c.id("employment"), c.id("weo"), string(k.start), end, strings.Join(regimes, ", "))
	fmt.Fprintf(b, ", employer: {kboNumber: %q}, socialEconomy: %t, caseworker: {id: %q}, registeredAt: \"%sT10:05:00Z\"}\n",
		kbo, k.social == yes, c.caseworker, k.start)
}

func endReasonCode(reason string) string {
	return map[string]string{reasonJob: "job", reasonTraining: "training", reasonNoJob: "noJob", reasonOther: "other"}[reason]
}
