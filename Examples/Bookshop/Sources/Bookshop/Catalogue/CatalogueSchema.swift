import GRDB

/// The tables of the catalogue and how they came to be.
enum CatalogueSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("catalogue") { db in
            try db.create(table: "book") { table in
                table.primaryKey("id", .integer)
                table.column("title", .text).notNull()
                // Lists are kept as the catalogue has them, `; `-separated: nothing asks for their elements.
                table.column("authors", .text).notNull()
                table.column("authorNames", .text).notNull()
                table.column("language", .text).notNull()
                table.column("issued", .text).notNull()
                table.column("subjects", .text).notNull()
                // How many shelves the book stands on: what "top books" are ordered by.
                table.column("standing", .integer).notNull()
            }
            try db.create(table: "shelf") { table in
                table.primaryKey("id", .integer)
                table.column("slug", .text).notNull().unique()
                table.column("name", .text).notNull().unique()
                table.column("books", .integer).notNull()
            }
            try db.create(table: "bookOnShelf", options: .withoutRowID) { table in
                table.primaryKey {
                    table.column("shelfID", .integer).references("shelf", onDelete: .cascade)
                    table.column("bookID", .integer).references("book", onDelete: .cascade)
                }
                // The shelf's place among the book's shelves.
                table.column("position", .integer).notNull()
            }
            try db.create(index: "bookOnShelfByBook", on: "bookOnShelf", columns: ["bookID", "position"])
            // Triggers keep the index in step with the table, so a new title is found at once.
            try db.create(virtualTable: "bookSearch", using: FTS5()) { table in
                table.synchronize(withTable: "book")
                table.tokenizer = .unicode61(diacritics: .remove)
                table.prefixes = [2, 3]
                table.column("title")
                table.column("authorNames")
            }
            // One row, written together with the books: while it is missing, there is no catalogue.
            try db.create(table: "import") { table in
                table.primaryKey("id", .integer).check { $0 == 1 }
                table.column("books", .integer).notNull()
                table.column("finishedAt", .datetime).notNull()
            }
        }
        migrator.registerMigration("accounts") { db in
            try db.create(table: "account") { table in
                table.autoIncrementedPrimaryKey("id")
                table.column("name", .text).notNull().unique().collate(.nocase)
                table.column("password", .text).notNull()
                table.column("createdAt", .datetime).notNull()
            }
        }
        migrator.registerMigration("accounts by folded name") { db in
            // The collation folds ASCII alone; see `AccountName`.
            try db.alter(table: "account") { table in
                table.add(column: "foldedName", .text).notNull().defaults(to: "")
            }
            var taken: Set<String> = []
            for row in try Row.fetchAll(db, sql: "SELECT id, name FROM account ORDER BY id") {
                let (id, name): (Int64, String) = (row["id"], row["name"])
                var folded = AccountName.folded(name)
                // Of two that were told apart by the case of letters beyond ASCII, the older has the name. No name has a `#`, so
                // the other is kept, and nobody signs in with it until it is given another name.
                if !taken.insert(folded).inserted { folded += "#\(id)" }
                try db.execute(sql: "UPDATE account SET foldedName = ? WHERE id = ?", arguments: [folded, id])
            }
            try db.create(index: "accountByFoldedName", on: "account", columns: ["foldedName"], options: .unique)
        }
        return migrator
    }
}
