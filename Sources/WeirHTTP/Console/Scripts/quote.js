// To come with its page.
