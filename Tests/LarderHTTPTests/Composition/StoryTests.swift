import LarderHTTP
import Testing

/// The decisions together, told to the rules alone.
@Suite struct StoryTests {
    @Test(arguments: Stories.all)
    func tell(_ story: Story) throws {
        try story.tell()
    }
}
