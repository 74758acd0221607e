import Bookshop
import Foundation

@main
struct Program {
    static func main() async {
        exit(await Shop.run())
    }
}
