// Command web is the shop's public face: a page made from both private APIs.
package main

import (
	"html/template"
	"log/slog"
	"net/http"
	"os"

	"github.com/ecsail/ecsail/examples/shop/internal/serve"
)

type item struct {
	ID, Name string
	Cents    int
}

type order struct {
	ID      int
	Item    string
	Shipped bool
}

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"euro": func(c int) float64 { return float64(c) / 100 },
}).Parse(`<!doctype html>
<title>The sail shop</title>
<h1>The sail shop ({{.Stage}})</h1>
<ul>{{range .Items}}<li>{{.Name}}: {{printf "%.2f" (euro .Cents)}} €
<form method="post" action="/buy/{{.ID}}" style="display:inline"><button>Buy</button></form></li>{{end}}</ul>
<h2>Orders</h2>
<ol>{{range .Orders}}<li>{{.Item}}{{if .Shipped}}, shipped{{end}}</li>{{else}}none yet{{end}}</ol>
`))

func main() {
	catalog, orders := os.Getenv("CATALOG"), os.Getenv("ORDERS")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		data := struct {
			Stage  string
			Items  []item
			Orders []order
		}{Stage: os.Getenv("STAGE")}
		err := serve.Get(r.Context(), catalog+"/items", &data.Items)
		if err == nil {
			err = serve.Get(r.Context(), orders+"/orders", &data.Orders)
		}
		if err == nil {
			err = page.Execute(w, data)
		}
		if err != nil {
			slog.Error("page", "error", err)
			http.Error(w, "the shop is closed for a moment", http.StatusBadGateway)
		}
	})
	mux.HandleFunc("POST /buy/{item}", func(w http.ResponseWriter, r *http.Request) {
		if err := serve.Post(r.Context(), orders+"/orders/"+r.PathValue("item"), &order{}); err != nil {
			slog.Error("buy", "error", err)
			http.Error(w, "the order was not taken", http.StatusBadGateway)
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	serve.Main("web", mux)
}
