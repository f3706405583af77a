// Command catalog is the shop's private API of what is on sale.
package main

import (
	"net/http"

	"github.com/ecsail/ecsail/examples/shop/internal/serve"
)

type item struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Cents int    `json:"cents"`
}

var items = []item{
	{"jib", "Jib, dacron", 38900},
	{"main", "Mainsail, laminate", 129900},
	{"spinnaker", "Spinnaker, nylon", 84900},
	{"shackle", "Snap shackle", 1450},
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items", func(w http.ResponseWriter, _ *http.Request) { serve.JSON(w, items) })
	mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, r *http.Request) {
		for _, i := range items {
			if i.ID == r.PathValue("id") {
				serve.JSON(w, i)
				return
			}
		}
		http.NotFound(w, r)
	})
	serve.Main("catalog", mux)
}
