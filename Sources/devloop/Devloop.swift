/// The program's entry point.
@main
enum Devloop {
    static func main() async {
        print("devloop")
    }
}
