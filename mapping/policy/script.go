package policy

// script is the first part of a policy case. Records and registrations are maps, whose
// keys are checked against the fields of what they become.
type script struct {
	Client      map[string]any   `yaml:"client"`
	Tracks      []map[string]any `yaml:"tracks"`
	Contracts   []map[string]any `yaml:"contracts"`
	Placements  []map[string]any `yaml:"placements"`
	Trainings   []map[string]any `yaml:"trainings"`
	Evaluations []map[string]any `yaml:"evaluations"`
	Handovers   []map[string]any `yaml:"handovers"`
	Competences []map[string]any `yaml:"competences"`
	Documents   []map[string]any `yaml:"documents"`

	// Files says what was found under a document's path; one that is not named is a
	// PDF that can be sent.
	Files        map[string]fileFound `yaml:"files"`
	Area         []string             `yaml:"area"`       // the OCMW's municipality codes
	SharedINSZ   bool                 `yaml:"sharedInsz"` // another client has the same number
	Dossier      *dossierScript       `yaml:"dossier"`
	OutsideArea  bool                 `yaml:"outsideArea"`
	INSZCanceled bool                 `yaml:"inszCanceled"` // MLP knows the client's number as cancelled
	HealthData   bool                 `yaml:"healthDataAgreed"`
	Trace        string               `yaml:"trace"` // full: also the rules that did not fire, with the reason
	Events       []event              `yaml:"events"`
}

type fileFound struct {
	Problem string `yaml:"problem"` // missing, tooLarge, notPdf, outside, unread, noFolder, unlooked
	SHA256  string `yaml:"sha256"`
	Size    int64  `yaml:"size"`
}

// dossierScript is what MLP holds at the start.
type dossierScript struct {
	Owner        string           `yaml:"owner"` // ocmw, vdab, partner, ...
	OwnerName    string           `yaml:"ownerName"`
	OwnerProgram string           `yaml:"ownerProgram"`
	OwnerSince   string           `yaml:"ownerSince"`
	Person       map[string]any   `yaml:"person"`
	Profile      map[string]any   `yaml:"profile"`
	INSZHistory  bool             `yaml:"inszHistory"` // the client's number is an earlier one
	Categories   []held           `yaml:"categories"`
	WEOs         []map[string]any `yaml:"weos"`
	Employments  []map[string]any `yaml:"employments"`
	Placements   []map[string]any `yaml:"placements"`
	Evaluations  []map[string]any `yaml:"evaluations"`
	Competences  []map[string]any `yaml:"competences"`
	Documents    []map[string]any `yaml:"documents"`
	Notes        []map[string]any `yaml:"notes"`
	Handovers    []map[string]any `yaml:"handovers"`
}

// held is a category in MLP.
type held struct {
	Code     string `yaml:"code"`
	From     string `yaml:"from"`
	SetBy    string `yaml:"setBy"`
	Contract bool   `yaml:"contract"` // names the client's first contract
}

// event is one thing that happens: exactly one of its keys is there.
type event struct {
	Day  string `yaml:"day"`  // mlpsync decides, and MLP takes what it asks
	Look string `yaml:"look"` // mlpsync decides, nothing is sent

	Export map[string]any `yaml:"export"` // the client's row changes
	Add    *added         `yaml:"add"`    // the export brings records; one of an equal key takes the place of the old
	Answer *answer        `yaml:"answer"` // a caseworker answers with "mlpsync decide"

	MLP      *held          `yaml:"mlp"`      // somebody else sets a category in MLP
	Edit     map[string]any `yaml:"edit"`     // somebody else changes the dossier's own data or a registration
	Owner    *ownerScript   `yaml:"owner"`    // the dossier gets another owner
	Handover *vdabAnswer    `yaml:"handover"` // VDAB answers a handover request
}

type added struct {
	Tracks      []map[string]any `yaml:"tracks"`
	Contracts   []map[string]any `yaml:"contracts"`
	Placements  []map[string]any `yaml:"placements"`
	Trainings   []map[string]any `yaml:"trainings"`
	Evaluations []map[string]any `yaml:"evaluations"`
	Handovers   []map[string]any `yaml:"handovers"`
	Competences []map[string]any `yaml:"competences"`
	Documents   []map[string]any `yaml:"documents"`
}

// answer is bound to what the decision of its day asks.
type answer struct {
	Rule     string `yaml:"rule"`
	Category string `yaml:"category"` // the category that the caseworker chose, or
	Accept   bool   `yaml:"accept"`   // the data stand as they are; of what somebody changed in MLP: the export holds
	Adopt    bool   `yaml:"adopt"`    // what somebody changed in MLP stands
	On       string `yaml:"on"`       // the last day looked at where it is left out
	Reason   string `yaml:"reason"`
}

type ownerScript struct {
	Kind    string `yaml:"kind"`
	Name    string `yaml:"name"`
	Program string `yaml:"program"`
	Since   string `yaml:"since"`
}

// vdabAnswer is about the request named by kind and date of choice, else the last one.
type vdabAnswer struct {
	Kind       string `yaml:"kind"`
	Choice     string `yaml:"choice"`
	Status     string `yaml:"status"`
	Reason     string `yaml:"reason"`
	Since      string `yaml:"since"`
	AssignedTo string `yaml:"assignedTo"`
}
