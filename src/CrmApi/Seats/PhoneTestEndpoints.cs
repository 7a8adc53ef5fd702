using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Admin;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Seats;

/// <summary>An agent tries the own phone; what the page can do with it stands at the device from then on, as if an administrator had set it.</summary>
internal static class PhoneTestEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/seats/phone-test").RequireAuthorization(Rights.TakeCalls).WithTags("Seats");
        group.MapPost("/", (string? device, Person person, RouterRoad road, AdminWriter writer, CancellationToken cancel) => AskAsync(start: true, device, person, road, writer, cancel))
            .WithName("TestPhone").WithSummary("Ring one's own phone (one of the place's, by its device; else the first that is registered) and try whether the page can answer and hold it; not in a call, and in no figure")
            .ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        group.MapGet("/", (string? device, Person person, RouterRoad road, AdminWriter writer, CancellationToken cancel) => AskAsync(start: false, device, person, road, writer, cancel))
            .WithName("GetPhoneTest").WithSummary("How far the test of one's own phone is, and what it found").ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    static async Task<Results<Ok<PhoneTestView>, ProblemHttpResult>> AskAsync(bool start, string? device, Person person, RouterRoad road, AdminWriter writer, CancellationToken cancel)
    {
        if ((await road.SeatsAsync(cancel)).Items.FirstOrDefault(s => s.Holder == person.Id) is not { } seat)
            return Problems.Of(StatusCodes.Status409Conflict, "no_extension", "Choose your extension first.");
        var phones = SeatEndpoints.PhonesOf(seat);
        if (device is not null && !phones.Any(p => p.Device == device)) return Problems.Invalid("device", "one of the phones of your extension");
        var phone = phones.FirstOrDefault(p => device is null ? p is { Registered: true, Way: not "none" } : p.Device == device) ?? phones.FirstOrDefault(p => p.Way != "none");
        var test = phone is null or { Way: "none" } ? RoadPhoneTest.Refused("phone_not_testable", phone?.Device ?? "")
            : await road.TestPhoneAsync(new RoadPhoneTestAsk(seat.Node, seat.Number, phone.Device, person.Id, start), cancel);
        if (test.Refusal is { } refusal) return Refused(refusal);
        if (test.Step == "done") await KeepAsync(seat, test, person, writer, cancel);
        return TypedResults.Ok(new PhoneTestView(test.Step, test.Device, test.Notifies, test.Rang, test.Answers, test.Hold));
    }

    static ProblemHttpResult Refused(string refusal) => refusal switch
    {
        "in_call" => Problems.Of(StatusCodes.Status409Conflict, "in_call", "Not in a call: end it first."),
        "phone_test_runs" => Problems.Of(StatusCodes.Status409Conflict, "phone_test_runs", "Another phone is being tried: try again in half a minute."),
        "pbx_away" => Problems.Of(StatusCodes.Status409Conflict, "pbx_away", "The PBX is not connected at the moment. Nothing was done."),
        "not_your_extension" => Problems.Of(StatusCodes.Status409Conflict, "no_extension", "Choose your extension first."),
        _ => Problems.Of(StatusCodes.Status409Conflict, "phone_not_testable", "Only SIP phones can be tried: others take no order from the page."),
    };

    /// <summary>Only what was found out: where NOTIFY is not allowed, it may work all the same one day.</summary>
    static async Task KeepAsync(RoadSeat seat, RoadPhoneTest test, Person person, AdminWriter writer, CancellationToken cancel)
    {
        bool? answers = test.Answers switch { "button" or "itself" => true, "no" when test.Notifies => false, _ => null };
        bool? itself = test.Answers switch { "itself" => true, "button" or "no" => false, _ => null };
        if (answers is null && itself is null && test.Hold is null) return;
        await writer.ChangeAsync(person, PlaceAdmin.Extension(seat.Node, seat.Number), _ => new AdminRules.Errors(), async change =>
        {
            var values = new { seat.Node, seat.Number, test.Device, answers, itself, test.Hold, change.Domain };
            var changed = await change.DoAsync(
                """
                update device d set can_answer = coalesce(@answers, can_answer), auto_answer = coalesce(@itself, auto_answer), can_hold = coalesce(@Hold, can_hold)
                from extension e
                where e.node = d.node and e.number = d.extension and e.domain = @Domain and d.node = @Node and d.extension = @Number and d.name = @Device
                  and (coalesce(@answers, can_answer), coalesce(@itself, auto_answer), coalesce(@Hold, can_hold)) is distinct from (can_answer, auto_answer, can_hold)
                """, values, cancel);
            if (changed == 0) return change.NothingToDo();
            return change.Conflict(await change.DoAsync("update extension set version = version + 1 where node = @Node and number = @Number and domain = @Domain", values, cancel));
        }, cancel);
    }
}
