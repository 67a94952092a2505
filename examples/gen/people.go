package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The OCMW, its municipality and all employers are made up. The KBO numbers pass
// modulo 97 and lie in a range that isn't given out; NIS 99991 is no municipality.
const (
	ocmwName   = "OCMW Zonnedorp"
	ocmwKBO    = "0999999031"
	ocmwNIS    = "99991"
	otherName  = "OCMW Maandorp"
	otherKBO   = "0999999130"
	otherNIS   = "99992"
	otherCity  = "Maandorp"
	postalCode = "9999"
	city       = "Zonnedorp"
)

type employer struct{ kbo, name string }

func employers() []employer {
	return []employer{
		{"0999.999.229", "Groendienst Zonnedorp"},
		{"0999.999.328", "Kringwinkel De Zonnewijzer vzw"},
		{"0999999427", "Woonzorgcentrum Ter Duinen-Noord"},
		{"0999.999.526", "Bakkerij Crème & Korst bv"},
		{"0999999625", "Sociaal restaurant 't Pleintje"},
	}
}

// random is splitmix64: its numbers will never change under us, as those of a
// library may.
type random struct{ state uint64 }

func (r *random) below(n int) int {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return int((z ^ (z >> 31)) % uint64(n))
}

func pick[T any](r *random, from []T) T { return from[r.below(len(from))] }

// A person is synthetic.
type person struct {
	number          string // the OCMW's client number
	last, first     string
	born            day
	insz            string // eleven digits
	street          string
	language        string
	caseworker      string // a personnel code, not a name
	counsellor      string
	civil, lastSeen string // columns that the profile drops
}

// Every name under "accented" has a letter outside ASCII, some of them one that
// Windows-1252 has and Latin-1 lacks (Š, š, Ž, œ).
func accentedFirst() []string {
	return []string{"Zoë", "André", "Chloé", "Noël", "Daniël", "Danaë", "Jérôme", "Inès", "Anaïs", "Gaël", "René", "Loïc",
		"José", "Dušan", "Željko", "Joël", "Thérèse", "Michaël", "Rafaël", "Aïsha", "Raphaëlle", "Ömer", "Gülay", "Søren"}
}

func accentedLast() []string {
	return []string{"Dewaële", "Lefèvre", "Müller", "Hernández", "Çelik", "Öztürk", "Šikora", "Collée", "Gonçalves", "D'Hoë",
		"Sœur-Dubois", "Núñez", "Françoys", "Béranger", "Škoda", "Guðmundsson"}
}

func plainFirst() []string {
	return []string{"An", "Bart", "Carine", "Dirk", "Els", "Fatima", "Geert", "Hilde", "Ibrahim", "Jan", "Karen", "Luc", "Mohamed",
		"Nadia", "Olga", "Peter", "Rita", "Samira", "Tom", "Veerle", "Wim", "Yusuf", "Zainab", "Sofie"}
}

func plainLast() []string {
	return []string{"Peeters", "Janssens", "Maes", "Jacobs", "Mertens", "Willems", "Claes", "Goossens", "Wouters", "De Smet",
		"Van den Broeck", "Aydin", "El Amrani", "Haddad", "Kowalski", "Nguyen", "Diallo", "Popescu", "Van Damme", "De Backer"}
}

func streets() []string {
	return []string{"Zonnestraat", "Dorpsplein", "Kerkwegel", "Molenveld", "Lindelaan", "Veldstraat", "Esplanade", "Hoge Weg", "Beekkant"}
}

// newPerson makes the person of the index-th client number. Every second one has
// an accent in the name.
func newPerson(r *random, index int, used map[string]bool) person {
	last, first := pick(r, plainLast()), pick(r, plainFirst())
	if index%2 == 0 {
		if r.below(3) == 0 {
			last = pick(r, accentedLast())
		} else {
			first = pick(r, accentedFirst())
		}
	}
	p := person{
		number:     fmt.Sprintf("Z%05d", 10200+index*3),
		last:       last,
		first:      first,
		street:     fmt.Sprintf("%s %d", pick(r, streets()), 1+r.below(140)),
		language:   pick(r, []string{"nl", "nl", "nl", "nl", "fr", "en", "ar", "tr"}),
		caseworker: fmt.Sprintf("mw-%03d", 1+r.below(12)),
		counsellor: fmt.Sprintf("tb-%02d", 1+r.below(8)),
		civil:      pick(r, []string{"ongehuwd", "gehuwd", "gescheiden", "wettelijk samenwonend"}),
		lastSeen:   today.plus(-1 - r.below(60)).dutch(),
	}
	for p.insz == "" || used[p.insz] {
		p.born = birth(r)
		p.insz = testINSZ(p.born, 1+r.below(996))
	}
	used[p.insz] = true
	return p
}

// birth is a day between 1964 and 2007, every fourth one in 2000 or later.
func birth(r *random) day {
	year := 1964 + r.below(36)
	if r.below(4) == 0 {
		year = 2000 + r.below(8)
	}
	return day(time.Date(year, time.Month(1+r.below(12)), 1+r.below(28), 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
}

// testINSZ is a TST number: month + 60, check digits = 97 - (nine digits mod 97),
// over "2" and the nine digits for who was born in 2000 or later.
func testINSZ(born day, counter int) string {
	t := born.time()
	nine := fmt.Sprintf("%02d%02d%02d%03d", t.Year()%100, int(t.Month())+60, t.Day(), counter)
	full := nine
	if t.Year() >= 2000 {
		full = "2" + nine
	}
	n, err := strconv.Atoi(full)
	if err != nil {
		panic("nine digits are no number")
	}
	return fmt.Sprintf("%s%02d", nine, 97-n%97)
}

// dotted is the usual written form.
func dotted(insz string) string {
	return insz[:2] + "." + insz[2:4] + "." + insz[4:6] + "-" + insz[6:9] + "." + insz[9:]
}

// asNumber is what a spreadsheet makes of it: leading zeros are lost.
func asNumber(insz string) string { return strings.TrimLeft(insz, "0") }
