package demo

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/job"
)

type loader struct {
	Company
	to         *commands.Commands
	directory  *commands.Directory
	members    []string // in the order of staff
	jobs       []posting
	notice     string // id of an attribute of candidates
	openDay    string // id of a tag that nobody has
	received   string // id of the template that thanks for an application
	contract   string // id of the template of contracts
	evaluation string // form of interviews
	given      atomic.Int64
	done       atomic.Int64

	mu      sync.Mutex
	live    map[int]string // candidacies that go on at the end, by number
	persons map[int]string // of those, whose ids are known
	stood   map[int]string // of those, the stages they are in
	quiet   map[int]bool   // of those, to whom nothing happened in the last days
	over    map[int]string // candidacies that ended without hire, and about which little is known
}

// posting is an opening that was opened.
type posting struct {
	opening
	id                              string
	at                              time.Time
	stages                          []job.Stage
	recruiter, manager, interviewer domain.Actor
}

// staff are the members: two recruiters, three hiring managers, four
// interviewers, an auditor and one who only reads reports.
var staff = []struct {
	name string
	role access.OrganizationRole
}{
	{"Nora Lindqvist", access.Recruiting},
	{"Tomasz Zielny", access.Recruiting},
	{"Greta Ahrens", access.Recruiting},
	{"Samuel Okoro", access.Recruiting},
	{"Ines Valdeira", access.Recruiting},
	{"Jonas Feld", access.Recruiting},
	{"Mei Tanaka", access.Recruiting},
	{"Carla Brandao", access.Recruiting},
	{"Piotr Wrona", access.Recruiting},
	{"Agnes Holm", access.Auditor},
	{"Rolf Steiner", access.Reporting},
}

// opening is a job of the company.
type opening struct {
	title, position, location string
	openings                  int
	confidential              bool
	stages                    []string
	end                       job.Status // how the search stands now
}

var (
	technical = []string{"Applied", "Screening", "Technical interview", "Team interview", "Offer"}
	brief     = []string{"Applied", "Screening", "Interview", "Offer"}
)

// publicNames are what candidates read where a stage's own name would say more
// than it should.
var publicNames = map[string]string{"Screening": "Under review", "Offer": "Final decision"}

var openings = []opening{
	{title: "Backend engineer", position: "Software engineer", location: "Berlin", openings: 3, stages: technical, end: job.Open},
	{title: "Frontend engineer", position: "Software engineer", location: "Lisbon", openings: 2, stages: technical, end: job.Open},
	{title: "Data analyst", position: "Analyst", location: "Berlin", openings: 1, stages: technical, end: job.Open},
	{title: "Site reliability engineer", position: "Software engineer", location: "Remote", openings: 1, stages: technical, end: job.OnHold},
	{title: "Product designer", position: "Designer", location: "Lisbon", openings: 1, stages: brief, end: job.Open},
	{title: "Account manager", position: "Sales", location: "Hamburg", openings: 4, stages: brief, end: job.Open},
	{title: "Customer support lead", position: "Support", location: "Warsaw", openings: 1, stages: brief, end: job.Open},
	{title: "Office manager", position: "Administration", location: "Berlin", openings: 1, stages: brief, end: job.Closed},
	{title: "Chief financial officer", position: "Executive", location: "Berlin", openings: 1, confidential: true, stages: brief, end: job.Open},
}

var firstNames = []string{
	"Alma", "Bruno", "Chiara", "Dario", "Elif", "Farid", "Gilda", "Henrik", "Ilse", "Jakub", "Kaya", "Lorenz", "Mira", "Nuno", "Olga", "Pavel",
	"Quentin", "Rosa", "Stefan", "Talia", "Ulrich", "Vera", "Wanda", "Xenia", "Yusuf", "Zora", "Amir", "Britta", "Cem", "Dunja", "Emil", "Fiona",
}

var lastNames = []string{
	"Abel", "Bergmann", "Castro", "Dahl", "Ekholm", "Farkas", "Graf", "Haddad", "Ivanov", "Jansen", "Keller", "Lopes", "Meyer", "Novak", "Oliveira",
	"Petersen", "Quast", "Rossi", "Silva", "Thorne", "Urban", "Vogel", "Weiss", "Yilmaz", "Zimmer", "Amado", "Bauer", "Conti", "Duarte", "Engel",
}

var sources = []string{"career page", "referral", "job board", "agency", "university", "social network"}

var tags = []string{"Remote", "Relocation", "Senior", "Junior", "Fluent German", "Former intern", "Night shifts", "Part time"}

// personNumbered returns the name and the address of the person of a candidacy.
func personNumbered(n int) (first, last, address string) {
	first, last = firstNames[n%len(firstNames)], lastNames[(n/2)%len(lastNames)]
	return first, last, addressOf(first+" "+last, "people"+strconv.Itoa(n)+".example")
}

// addressOf makes an address that reaches nobody.
func addressOf(name, domain string) string {
	return strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@" + domain
}
