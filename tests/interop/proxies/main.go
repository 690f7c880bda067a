// Command proxies prints, for each address that it is given, the proxy that Go's programs take by the environment that
// it is started in: `direct`, `host:port`, or `refused`.
package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	for _, address := range os.Args[1:] {
		request, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			fmt.Println("malformed")
			continue
		}
		proxy, err := http.ProxyFromEnvironment(request)
		switch {
		case err != nil:
			fmt.Println("refused")
		case proxy == nil:
			fmt.Println("direct")
		default:
			fmt.Println(proxy.Host)
		}
	}
}
