// Command admin shows the shop's owner how business is, under /admin or on its
// own host name.
package main

import (
	"fmt"
	"net/http"
	"os"

	"github.com/ecsail/ecsail/examples/shop/internal/serve"
)

func main() {
	mux := http.NewServeMux()
	report := func(w http.ResponseWriter, r *http.Request) {
		var orders []struct {
			Cents   int
			Shipped bool
		}
		if err := serve.Get(r.Context(), "http://orders/orders", &orders); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		cents, open := 0, 0
		for _, o := range orders {
			cents += o.Cents
			if !o.Shipped {
				open++
			}
		}
		fmt.Fprintf(w, "%s: %d orders, %d to ship, %.2f € turnover\n", os.Getenv("SHOP_URL"), len(orders), open, float64(cents)/100)
	}
	mux.HandleFunc("GET /admin", report)
	mux.HandleFunc("GET /{$}", report)
	serve.Main("admin", mux)
}
