package audit

// Action is a word that a record's Action can be.
type Action struct {
	Word    string
	Meaning string // English, as what happened
	// Ordered tells that only people do it. What is approved can be of a person or of the program.
	Ordered bool
}

// Actions lists every word that is or was ever written, in the order in which a client's story goes.
func Actions() []Action {
	return []Action{
		{"setActivated", "a set of files became the export in force", false},
		{"decided", "a client was decided by the rules", false},
		{"stopped", "the guard stopped an OCMW: too much would change, or a first run", false},
		{"approved", "what waited for the guard may go: a release, an apply, or within the limits", false},
		{"notReleased", "a person released the guard, but what waited was no longer what was shown: nothing went", true},
		{"settled", "MLP has it: an entry was sent and confirmed", false},
		{"parked", "MLP refused an entry for good, or its attempts were used up", false},
		{"unreadable", "an entry could not be read back, and its client is decided again; or an order could not, and was not carried out", false},
		{"conflict", "the dossier had changed in MLP: the client is decided again", false},
		{"outsideArea", "the person has a dossier in another municipality", false},
		{"answered", "a person answered what a decision asks", true},
		{"begunAnew", "a person had a client leave a dossier, to begin anew in that of the number in the export", true},
		{"held", "a person holds a client", true},
		{"released", "a person ended the hold of a client", true},
		{"retried", "a person sent a parked or discarded entry again", true},
		{"discarded", "a person decided that an entry is not sent", true},
		{"paused", "a person stopped an OCMW's sending", true},
		{"resumed", "a person let an OCMW's sending go on", true},
		{"lookUpOrdered", "a person had everybody of an OCMW looked up in MLP again", true},
		{"restored", "a person put a backup in the place of the state", true},
	}
}
