using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Imports;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;

namespace CallCrm.CrmApi.Tests.Imports;

/// <summary>Dates of files with the day or the month first: the column says which.</summary>
public sealed class DateOrderTests(ApiHost host) : IClassFixture<ApiHost>
{
    static DateOrder Of(params string[] cells)
    {
        var order = new DateOrder();
        foreach (var cell in cells) order.See(cell);
        return order;
    }

    [Theory]
    [InlineData("IT", "day_first", true, "03/04/2026", "28/11/2026")]
    [InlineData("IT", "month_first", true, "03/04/2026", "11/28/2026 10:15 AM")]
    [InlineData("US", "day_first", true, "03/04/2026", "28.11.26")]
    [InlineData("IT", "day_first", false, "03/04/2026")]
    [InlineData("US", "month_first", false, "03/04/2026")]
    [InlineData("IT", "month_first", true, "13/01/2026", "01/13/2026", "01/14/2026")]
    [InlineData("US", "day_first", true, "13/01/2026", "01/13/2026")]
    public void A_part_above_12_tells_else_the_country_and_most_win(string region, string order, bool told, params string[] cells)
    {
        var seen = Of(cells);
        (seen.Any, seen.Of(region), seen.IsTold).Should().Be((true, order, told));
    }

    [Fact]
    public void Other_dates_and_numbers_have_no_order() => Of("2026-11-28", "46354", "soon", "", "8.495.123.45.67", "13/14/2026x").Any.Should().BeFalse();

    [Theory]
    [InlineData("11/28/2026", true, "2026-11-28 00:00")]
    [InlineData("3/4/2026", true, "2026-03-04 00:00")]
    [InlineData("3/4/2026", false, "2026-04-03 00:00")]
    [InlineData("11/28/2026 1:15 PM", true, "2026-11-28 13:15")]
    [InlineData("11/28/2026, 13:15:09", true, "2026-11-28 13:15")]
    [InlineData("11-28-26", true, "2026-11-28 00:00")]
    [InlineData("28/11/26", false, "2026-11-28 00:00")]
    [InlineData("2026-11-28", true, "2026-11-28 00:00")]
    [InlineData("46354", true, "2026-11-28 00:00")]
    [InlineData("11/28/2026", false, null)]
    [InlineData("28/11/2026", true, null)]
    public void A_date_is_read_in_the_order_of_its_column(string text, bool monthFirst, string? expected) => Cells.Date(text, monthFirst)?.ToString("yyyy-MM-dd HH:mm").Should().Be(expected);

    [PostgresFact]
    public async Task The_column_decides_what_contradicts_it_is_named_and_a_choice_is_remembered()
    {
        await using var page = await host.SignInAsync("ada");
        using (var made = await page.Http.PutAsJsonAsync("api/admin/client-fields/since", new ClientFieldSetup("since", "Since", "date", [], 10, false, 0), ContractsJson.Default.ClientFieldSetup)) made.StatusCode.Should().Be(HttpStatusCode.OK);
        static byte[] File(params string[] dates) => Encoding.UTF8.GetBytes("Name;Phone;Since\n" + string.Concat(dates.Select((d, n) => $"Data {d} {n};+39 02 5560 {1000 + n};{d}\n")));
        async Task<(ImportPreview Preview, ImportRunView Run)> LoadAsync(byte[] file, string? label = null)
        {
            var read = await ClientImportTests.UploadAsync(page, "dates.csv", file);
            var plan = ClientImportTests.Plan(read, "overwrite");
            if (label is not null) plan = plan with { Columns = [.. plan.Columns.Select(c => c.Target == "custom.since" ? c with { Label = label } : c)] };
            await ClientImportTests.StartAsync(page, read.Id, plan);
            return (read, await ClientImportTests.EndAsync(page, read.Id));
        }

        async Task<string?> SinceAsync(int n) => (await page.GetAsync($"api/clients/{(await page.GetAsync($"api/clients?query=025560{1000 + n}", ContractsJson.Default.ListPageClientRow)).Items.Single().Id}", ContractsJson.Default.ClientCardView)).Custom!.GetValueOrDefault("since").GetString();

        var (preview, run) = await LoadAsync(File("03/04/2026", "11/28/2026", "12/31/2026", "31/12/2026", "never"));
        preview.Dates.Should().Equal(new ImportDatesView(2, "month_first", true));
        run.Should().BeEquivalentTo(new { Made = 3L, Failed = 2L });
        run.Errors.Select(e => (e.Row, e.Column, e.Value)).Should().Equal((5L, "Since", "31/12/2026"), (6L, "Since", "never"));
        run.Errors[0].Expected.Should().Contain("month first");
        (await SinceAsync(0), await SinceAsync(1)).Should().Be(("2026-03-04", "2026-11-28"));

        // Nothing tells: day first, and the preview says that it is a guess.
        (preview, run) = await LoadAsync(File("03/04/2026", "05/06/2026"));
        preview.Dates.Should().Equal(new ImportDatesView(2, "day_first", false));
        (run.Changed, await SinceAsync(0)).Should().Be((2, "2026-04-03"));

        // Chosen: it is so, and the next time too.
        (_, run) = await LoadAsync(File("03/04/2026"), "month_first");
        (run.Changed, await SinceAsync(0)).Should().Be((1, "2026-03-04"));
        (preview, run) = await LoadAsync(File("05/06/2026", "28/11/2026"));
        preview.Columns.Single(c => c.Target == "custom.since").Label.Should().Be("month_first");
        run.Errors.Single().Value.Should().Be("28/11/2026");
        (await SinceAsync(0)).Should().Be("2026-05-06");

        var refused = await ClientImportTests.UploadAsync(page, "dates.csv", File("03/04/2026"));
        using var wrong = await page.Http.PostAsJsonAsync($"api/imports/{refused.Id}/start",
            ClientImportTests.Plan(refused) with { Columns = [.. refused.Columns.Select(c => c.Target == "custom.since" ? c with { Label = "year_first" } : c)] }, ContractsJson.Default.ImportStart);
        (await wrong.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!.Should().ContainSingle().Which.Value.Should().Equal("one of day_first, month_first");
    }
}
