using System.Text.Json.Nodes;

namespace CallCrm.CallFlow;

public sealed partial class ClientDirectory
{
    /// <summary>What a row of an import changed on a card, for those who ask later.</summary>
    static class ImportedChanges
    {
        /// <summary>A card's numbers, further addresses of mail, and addresses, as one text each.</summary>
        public static (string Phones, string Mails, string Addresses) Lists(HashSet<string> has) => (
            Text(has.Where(h => h[0] == '+').Select(h => h.TrimEnd(';').Replace(";", " ext. ", StringComparison.Ordinal))),
            Text(has.Where(h => h[0] != '+' && IsMail(h))),
            Text(has.Where(h => h[0] != '+' && !IsMail(h))));

        public static Dictionary<string, (string Before, string After)> Of(ImportHead was, (string Phones, string Mails, string Addresses) had, ImportHead now, HashSet<string> has)
        {
            var changes = new Dictionary<string, (string, string)>(StringComparer.Ordinal);
            void Note(string field, string? before, string? after)
            {
                if ((before ?? "") != (after ?? "")) changes[field] = (before ?? "", after ?? "");
            }

            var lists = Lists(has);
            Note("kind", was.Kind, now.Kind);
            Note("name", was.Name, now.Name);
            Note("company", was.Company, now.Company);
            Note("companyId", was.CompanyId?.ToString(), now.CompanyId?.ToString());
            Note("roles", string.Join(", ", was.Roles), string.Join(", ", now.Roles));
            Note("phones", had.Phones, lists.Phones);
            Note("email", was.Email, now.Email);
            Note("emails", had.Mails, lists.Mails);
            Note("city", was.City, now.City);
            // The first of them stands in the head as well.
            Note("address", had.Addresses.Length > 0 ? had.Addresses : was.Address, lists.Addresses.Length > 0 ? lists.Addresses : now.Address);
            Note("taxId", was.TaxId, now.TaxId);
            Note("secondTaxId", was.SecondTaxId, now.SecondTaxId);
            Note("language", was.Language, now.Language);
            Note("timeZone", was.TimeZone, now.TimeZone);
            Note("segment", was.Segment, now.Segment);
            Note("responsibleId", was.ResponsibleId?.ToString(), now.ResponsibleId?.ToString());
            Note("tags", string.Join(", ", was.Tags), string.Join(", ", now.Tags));
            Note("note", was.Note, now.Note);
            if (was.Custom != now.Custom) Own(was.Custom, now.Custom, Note);
            return changes;
        }

        static void Own(string was, string now, Action<string, string?, string?> note)
        {
            var (before, after) = (JsonNode.Parse(was)!.AsObject(), JsonNode.Parse(now)!.AsObject());
            foreach (var code in before.Select(f => f.Key).Union(after.Select(f => f.Key), StringComparer.Ordinal).Order(StringComparer.Ordinal))
            {
                if (!JsonNode.DeepEquals(before[code], after[code])) note("custom." + code, before[code]?.ToJsonString(), after[code]?.ToJsonString());
            }
        }

        /// <summary>Addresses begin with their kind and a space.</summary>
        static bool IsMail(string text) => text.Contains('@', StringComparison.Ordinal) && !text.Contains(' ', StringComparison.Ordinal);

        static string Text(IEnumerable<string> list) => string.Join("; ", list.Order(StringComparer.Ordinal));
    }
}
