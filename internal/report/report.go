// Package report writes figures as one page that a browser shows, and that needs
// nothing beside itself: no network, no script. It is light or dark as the reader's
// system is, and prints well.
//
// All text that it is given is shown as text, whoever has written it. The page
// forbids itself to load or run anything, as well.
package report

import (
	"fmt"
	"html"
	"io"
	"math"
	"strings"
	"time"
)

// Page is what the page shows, from top to bottom.
type Page struct {
	Title    string
	Subtitle string
	Facts    []Fact
	Charts   []Chart
	Tables   []Table
	Notes    []string
}

// Fact is a figure with its name.
type Fact struct{ Name, Value string }

// Table is rows of text under a header.
type Table struct {
	Title  string
	Header []string
	Rows   [][]string
	Right  map[int]bool // the columns of numbers
	None   string       // what is said if there are no rows
}

// Chart shows up to four series over one time.
type Chart struct {
	Title  string
	Start  time.Time
	Period time.Duration
	Lines  []Line
	Marks  []Mark
	Label  func(float64) string // says a value
	Time   func(time.Time) string
}

// Line is a series: a value for each period, NaN where there is no data.
type Line struct {
	Name   string
	Values []float64
}

// Mark is an instant that a chart marks.
type Mark struct {
	Time time.Time
	Name string
}

// style has the page's looks. The colours of lines are told apart without colour
// vision, too, by their dashes.
const style = `:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#5b6470;--rule:#d8dde3;--s0:#0969da;--s1:#c2410c;--s2:#7c3aed;--s3:#15803d;--mark:#9a6700}
@media (prefers-color-scheme:dark){:root{--bg:#0f1216;--fg:#e6e9ed;--dim:#98a2ad;--rule:#2c333b;--s0:#58a6ff;--s1:#f0883e;--s2:#bc8cff;--s3:#56d364;--mark:#e3b341}}
@media print{:root{color-scheme:light;--bg:#fff;--fg:#000;--dim:#444;--rule:#bbb;--s0:#0550ae;--s1:#9a3412;--s2:#5b21b6;--s3:#166534;--mark:#7a5200}figure,tr{break-inside:avoid}}
*{box-sizing:border-box}body{margin:0 auto;max-width:60rem;padding:1.5rem;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .5rem}p{margin:.25rem 0}.dim,figcaption span,th{color:var(--dim)}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(9rem,1fr));gap:1rem;margin:1.5rem 0}dt{color:var(--dim);font-size:.85rem}dd{margin:0;font-size:1.35rem}
figure{margin:1.5rem 0}figcaption{font-weight:600}figcaption span{font-weight:400;margin-left:1rem}svg{width:100%;height:auto;display:block}
svg text{font:11px system-ui,sans-serif;fill:var(--dim)}.grid{stroke:var(--rule)}.mark{stroke:var(--mark);stroke-dasharray:2 3}.marked{fill:var(--mark)}
.l{fill:none;stroke-width:1.6;stroke-linejoin:round}.l0{stroke:var(--s0)}.l1{stroke:var(--s1);stroke-dasharray:6 2}.l2{stroke:var(--s2);stroke-dasharray:2 2}.l3{stroke:var(--s3);stroke-dasharray:8 2 2 2}
.k0{color:var(--s0)}.k1{color:var(--s1)}.k2{color:var(--s2)}.k3{color:var(--s3)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th{text-align:left;font-weight:400}td,th{padding:.2rem .75rem .2rem 0;border-bottom:1px solid var(--rule);vertical-align:top;overflow-wrap:anywhere}td.r,th.r{text-align:right;white-space:nowrap}`

// writer writes the parts of a page, and keeps the first error.
type writer struct {
	to  io.Writer
	err error
}

// put writes markup. Each %s of a format takes a text of somebody's, which is escaped.
func (w *writer) put(format string, texts ...any) {
	for i, t := range texts {
		if s, ok := t.(string); ok {
			texts[i] = html.EscapeString(s)
		}
	}
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.to, format, texts...)
	}
}

// markup writes what is markup already.
func (w *writer) markup(text string) {
	if w.err == nil {
		_, w.err = io.WriteString(w.to, text)
	}
}

// Write writes the page.
func (p Page) Write(to io.Writer) error {
	w := &writer{to: to}
	w.put("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
	w.put("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n")
	w.put("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<link rel=\"icon\" href=\"data:,\">\n")
	w.put("<title>%s</title>\n<style>", p.Title)
	w.markup(style)
	w.put("</style>\n</head>\n<body>\n<h1>%s</h1>\n<p class=\"dim\">%s</p>\n", p.Title, p.Subtitle)
	if len(p.Facts) > 0 {
		w.put("<dl>\n")
		for _, f := range p.Facts {
			w.put("<div><dt>%s</dt><dd>%s</dd></div>\n", f.Name, f.Value)
		}
		w.put("</dl>\n")
	}
	for _, c := range p.Charts {
		w.chart(c)
	}
	for _, t := range p.Tables {
		w.table(t)
	}
	for _, note := range p.Notes {
		w.put("<p class=\"dim\">%s</p>\n", note)
	}
	w.put("</body>\n</html>\n")
	return w.err
}

func (w *writer) table(t Table) {
	w.put("<section>\n<h2>%s</h2>\n", t.Title)
	defer w.put("</section>\n")
	if len(t.Rows) == 0 {
		w.put("<p class=\"dim\">%s</p>\n", t.None)
		return
	}
	cells := func(tag string, row []string) {
		w.markup("<tr>")
		for i, cell := range row {
			class := ""
			if t.Right[i] {
				class = "r"
			}
			w.put("<%s class=\"%s\">%s</%s>", tag, class, cell, tag)
		}
		w.markup("</tr>\n")
	}
	w.put("<div class=\"wide\"><table>\n<thead>")
	cells("th", t.Header)
	w.put("</thead>\n<tbody>\n")
	for _, row := range t.Rows {
		cells("td", row)
	}
	w.put("</tbody>\n</table></div>\n")
}

// The measures of a chart, in the units of its view box.
const (
	chartWidth, chartHeight = 720.0, 170.0
	plotLeft, plotRight     = 64.0, 712.0
	plotTop, plotBottom     = 18.0, 146.0
)

// highest is the largest value of a chart, 1 if there is none above 0.
func (c Chart) highest() float64 {
	most := 0.0
	for _, l := range c.Lines {
		for _, v := range l.Values {
			if v > most { // which NaN is not
				most = v
			}
		}
	}
	if most == 0 {
		return 1
	}
	return most
}

// periods is how many periods the longest line has.
func (c Chart) periods() int {
	n := 1
	for _, l := range c.Lines {
		n = max(n, len(l.Values))
	}
	return n
}

// x is where an instant stands.
func (c Chart) x(t time.Time) float64 {
	share := float64(t.Sub(c.Start)) / (float64(c.Period) * float64(c.periods()))
	return plotLeft + share*(plotRight-plotLeft)
}

func (w *writer) chart(c Chart) {
	w.put("<figure>\n<figcaption>%s", c.Title)
	for i, l := range c.Lines {
		w.put("<span><b class=\"k%d\">▬</b> %s</span>", i%4, l.Name)
	}
	w.put("</figcaption>\n<svg viewBox=\"0 0 %v %v\" role=\"img\" aria-label=\"%s\">\n", chartWidth, chartHeight, c.Title)
	most := c.highest()
	for _, share := range []float64{0, 0.5, 1} {
		y := plotBottom - share*(plotBottom-plotTop)
		w.put("<line class=\"grid\" x1=\"%v\" y1=\"%.1f\" x2=\"%v\" y2=\"%.1f\"/>", plotLeft, y, plotRight, y)
		w.put("<text x=\"%v\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", plotLeft-6, y+4, c.Label(share*most))
	}
	end := c.Start.Add(c.Period * time.Duration(c.periods()))
	for _, at := range []struct {
		time   time.Time
		anchor string
	}{{c.Start, "start"}, {c.Start.Add(end.Sub(c.Start) / 2), "middle"}, {end, "end"}} {
		w.put("<text x=\"%.1f\" y=\"%v\" text-anchor=\"%s\">%s</text>\n", c.x(at.time), plotBottom+16, at.anchor, c.Time(at.time))
	}
	for _, m := range c.Marks {
		if m.Time.Before(c.Start) || m.Time.After(end) {
			continue
		}
		x := c.x(m.Time)
		w.put("<line class=\"mark\" x1=\"%.1f\" y1=\"%v\" x2=\"%.1f\" y2=\"%v\"/>", x, plotTop, x, plotBottom)
		w.put("<text class=\"marked\" x=\"%.1f\" y=\"%v\" text-anchor=\"middle\">%s</text>\n", min(max(x, plotLeft+12), plotRight-12), plotTop-6, m.Name)
	}
	for i, l := range c.Lines {
		w.put("<path class=\"l l%d\" d=\"", i%4)
		w.markup(c.path(l, most))
		w.put("\"><title>%s</title></path>\n", l.Name)
	}
	w.put("</svg>\n</figure>\n")
}

// path draws a line from the middle of each period to that of the next one, with
// gaps where there is no data. A value between two gaps is a short stroke.
func (c Chart) path(l Line, most float64) string {
	var b strings.Builder
	pen := false
	for i, v := range l.Values {
		if math.IsNaN(v) {
			pen = false
			continue
		}
		x := c.x(c.Start.Add(c.Period*time.Duration(i) + c.Period/2))
		y := plotBottom - max(v, 0)/most*(plotBottom-plotTop)
		switch {
		case pen:
			fmt.Fprintf(&b, "L%.1f %.1f", x, y)
		case i+1 == len(l.Values) || math.IsNaN(l.Values[i+1]):
			fmt.Fprintf(&b, "M%.1f %.1fh3", x-1.5, y)
		default:
			fmt.Fprintf(&b, "M%.1f %.1f", x, y)
		}
		pen = true
	}
	return b.String()
}
