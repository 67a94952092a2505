package main

// A seed is the client's dossier in MLP before the export arrives.
type seed struct {
	owner      string // ocmw, vdab, partner, none
	elsewhere  bool   // lies in another municipality's area
	oldAddress bool   // the client moved since
	categories []seedCategory
	weo        *seedWEO
	contract   *contract
	exit       string // how the mock's own 78 comes for a contract that is registered
	insz       string // the number that replaced the export's; "" is the export's own
	canceled   bool   // MLP knows the number as cancelled, and has no dossier
}

type seedCategory struct {
	code   string
	from   day
	setBy  string
	linked bool // belongs to the art. 60§7 contract
}

type seedWEO struct {
	start, end day
	reason     string
}

// The moments at which VDAB's automatic 78 can come (CAT-06), as the mock names
// them.
const (
	exitBefore = "before"
	exitAt     = "at"
	exitAfter  = "after"
	exitNever  = "never"
)

// dossier gives the client a dossier in MLP.
func (c *client) dossier(owner string) *seed {
	c.seed = &seed{owner: owner, oldAddress: c.number[len(c.number)-1] == '4'}
	return c.seed
}

// had adds a category that MLP holds already.
func (s *seed) had(code string, from day, setBy string) *seed {
	s.categories = append(s.categories, seedCategory{code: code, from: from, setBy: setBy})
	return s
}

// hadWork adds a category that belongs to the contract.
func (s *seed) hadWork(code string, from day, setBy string) *seed {
	s.categories = append(s.categories, seedCategory{code, from, setBy, true})
	return s
}

// registered says that MLP holds the WEO already, and the contract if there is one:
// somebody typed them in before the daemon came.
func (s *seed) registered(c *client) *seed {
	s.weo = &seedWEO{start: c.weo}
	s.contract = c.contract
	s.exit = exitNever
	return s
}

// registeredEnd says that MLP holds the WEO's end as well.
func (s *seed) registeredEnd(end day, reason string) *seed {
	s.weo.end, s.weo.reason = end, reason
	return s
}
