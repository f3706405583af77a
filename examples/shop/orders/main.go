// Command orders is the shop's private API of orders. It asks the catalog for
// prices and keeps its orders in memory: a database comes with the example that
// has one.
package main

import (
	"log/slog"
	"net/http"
	"os"
	"sync"

	"github.com/ecsail/ecsail/examples/shop/internal/serve"
)

type order struct {
	ID      int    `json:"id"`
	Item    string `json:"item"`
	Cents   int    `json:"cents"`
	Shipped bool   `json:"shipped"`
}

type book struct {
	mu     sync.Mutex
	orders []order
}

func main() {
	b := &book{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders", b.list)
	mux.HandleFunc("POST /orders/{item}", b.place)
	mux.HandleFunc("POST /ship", b.ship)
	serve.Main("orders", mux)
}

func (b *book) list(w http.ResponseWriter, _ *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	serve.JSON(w, append([]order{}, b.orders...))
}

func (b *book) place(w http.ResponseWriter, r *http.Request) {
	catalog := os.Getenv("CATALOG")
	if catalog == "" {
		catalog = "http://catalog"
	}
	var item struct {
		ID    string
		Cents int
	}
	if err := serve.Get(r.Context(), catalog+"/items/"+r.PathValue("item"), &item); err != nil {
		slog.Warn("no price", "item", r.PathValue("item"), "error", err)
		http.Error(w, "the catalog has no such item", http.StatusNotFound)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	o := order{ID: len(b.orders) + 1, Item: item.ID, Cents: item.Cents}
	b.orders = append(b.orders, o)
	serve.JSON(w, o)
}

// ship marks the oldest open order as shipped and answers with it, or with an
// empty one when all are.
func (b *book) ship(w http.ResponseWriter, _ *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.orders {
		if !b.orders[i].Shipped {
			b.orders[i].Shipped = true
			serve.JSON(w, b.orders[i])
			return
		}
	}
	serve.JSON(w, order{})
}
