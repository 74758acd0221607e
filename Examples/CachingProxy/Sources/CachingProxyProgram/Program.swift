import CachingProxy
import Foundation

@main
struct Program {
    static func main() async {
        exit(await CachingProxy.run())
    }
}
